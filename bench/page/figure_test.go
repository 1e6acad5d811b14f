package page

import (
	"math"
	"testing"
)

func TestFiguresAreDashesWhereNothingWasMeasured(t *testing.T) {
	cases := []struct {
		name string
		got  string
		want string
	}{
		{"a figure", Figure(12.345, 1), "12.3"},
		{"a ratio", Figure(0.666, 2), "0.67"},
		{"a missing ratio", Figure(math.NaN(), 2), "–"},
		{"system calls", Count(4.031), "4.03"},
		{"system calls without strace", Count(0), "–"},
		{"a share of a CPU", Percent(0.954), "95 %"},
		{"user and system time", Share(0.25), "25:75"},
		{"too few ticks for a share", Share(math.NaN()), "–"},
		{"megabytes are millions", Mega(4_600_000), "4.6"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.got != c.want {
				t.Errorf("got %q, want %q", c.got, c.want)
			}
		})
	}
}
