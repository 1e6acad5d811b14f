package environment_test

import (
	"testing"

	"percore/entrypoint/config/environment"
)

func TestATerminalGetsColoursUnlessItIsToldOtherwise(t *testing.T) {
	tests := []struct {
		name    string
		environ []string
		want    bool
	}{
		{"nothing is said", nil, true},
		{"another terminal", []string{"TERM=xterm-256color"}, true},
		{"NO_COLOR", []string{"NO_COLOR=1"}, false},
		{"an empty NO_COLOR, which counts as unset", []string{"NO_COLOR="}, true},
		{"a dumb terminal", []string{"TERM=dumb"}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := environment.WantsColour(test.environ); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}
