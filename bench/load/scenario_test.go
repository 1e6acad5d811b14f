package load

import (
	"math"
	"testing"
	"time"
)

func TestAPlanIsWhatItsScenarioSays(t *testing.T) {
	for _, s := range append(TailScenarios(), Overload()) {
		t.Run(s.Name, func(t *testing.T) {
			const length = 20 * time.Minute
			plan := s.Plan(length)
			var sum time.Duration
			for i, a := range plan {
				if i > 0 && a.At < plan[i-1].At || a.At >= length {
					t.Fatalf("arrival %d at %v is out of order", i, a.At)
				}
				sum += a.Service
			}
			if got, want := float64(len(plan)), s.Rate()*length.Seconds(); math.Abs(got/want-1) > 0.02 {
				t.Errorf("got %.0f arrivals, want about %.0f", got, want)
			}
			if got := sum / time.Duration(len(plan)); math.Abs(float64(got)/float64(s.Mean)-1) > 0.1 {
				t.Errorf("mean service time: got %v, want about %v", got, s.Mean)
			}
			if again := s.Plan(length); again[len(again)/2] != plan[len(plan)/2] {
				t.Error("two plans differ, want the same for every proxy")
			}
		})
	}
}
