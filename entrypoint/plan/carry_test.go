package plan

import (
	"strings"
	"testing"
	"time"

	"percore/entrypoint/config/value"
)

type group struct{ Patience value.Duration }

type variables struct {
	group
	Size   value.Size
	Names  []string
	Strict value.Bool
	Mode   value.Mode
	Unused string
}

func TestVariablesAreCarriedByTheirNames(t *testing.T) {
	type settings struct {
		Patience time.Duration
		Size     int
		Names    []string
		Strict   bool
		Mode     string
		Other    int
	}
	from := variables{group{value.Duration(time.Minute)}, 5, []string{"a"}, true, value.ModeHTTP, "x"}
	got := settings{Other: 3, Size: 1}
	carry(&got, &from, "Mode")
	if got.Patience != time.Minute || got.Size != 5 || len(got.Names) != 1 || !got.Strict || got.Other != 3 || got.Mode != "" {
		t.Errorf("got %+v, want all but Mode, and Other as it was", got)
	}
}

func TestAVariableOfAnotherFormIsNotCarriedInSilence(t *testing.T) {
	for name, settings := range map[string]any{
		"a number as text": &struct{ Size string }{},
		"text as a number": &struct{ Unused int }{},
		"a flag as text":   &struct{ Strict string }{},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if fault, _ := recover().(string); !strings.Contains(fault, "in the configuration and a") {
					t.Errorf("got %q, want a panic that names both", fault)
				}
			}()
			carry(settings, &variables{})
		})
	}
}
