package lifecycle

import "testing"

func TestEveryCellOfTheMaintenanceTable(t *testing.T) {
	wanted := map[Stage]map[Observation]Stage{
		StageRetiring: {
			SeenLeaving: StageRetiring, SeenComing: StageStarting, SeenServing: StageWatching,
			SeenLasting: StageWatching, SeenFaltering: StageFailed, SeenGone: StageFinished,
			SeenAbandoned: StageOverruled,
		},
		StageStarting: {
			SeenLeaving: StageStarting, SeenComing: StageStarting, SeenServing: StageWatching,
			SeenLasting: StageWatching, SeenFaltering: StageFailed, SeenGone: StageOverruled,
			SeenAbandoned: StageOverruled,
		},
		StageWatching: {
			SeenLeaving: StageStarting, SeenComing: StageStarting, SeenServing: StageWatching,
			SeenLasting: StageFinished, SeenFaltering: StageFailed, SeenGone: StageOverruled,
			SeenAbandoned: StageOverruled,
		},
	}
	for s := range StageFinished {
		for seen := range observations {
			if got, want := s.Next(seen), wanted[s][seen]; got != want {
				t.Errorf("%v %v: got %v, want %v", s, seen, got, want)
			}
		}
	}
}

func TestEveryTaskEnds(t *testing.T) {
	for s := range Stages {
		if got, want := s.IsEnd(), s >= StageFinished; got != want {
			t.Errorf("%v: got an end: %v, want %v", s, got, want)
		}
		if s.IsEnd() {
			continue
		}
		for _, seen := range []Observation{SeenFaltering, SeenAbandoned, SeenGone} {
			if got := s.Next(seen); !got.IsEnd() {
				t.Errorf("%v %v: got %v, want an end", s, seen, got)
			}
		}
	}
}

func TestWhatHasEndedStaysAsItEnded(t *testing.T) {
	for s := StageFinished; s < Stages; s++ {
		for seen := range observations {
			if got := s.Next(seen); got != s {
				t.Errorf("%v %v: got %v, want no change", s, seen, got)
			}
		}
	}
}
