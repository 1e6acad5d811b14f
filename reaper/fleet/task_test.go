package fleet

import "testing"

func TestEveryCellOfTheMaintenanceTable(t *testing.T) {
	wanted := map[stage]map[sight]stage{
		retiring: {leaving: retiring, coming: starting, serves: watching, lasted: watching, faltered: failed, gone: finished, abandoned: overruled},
		starting: {leaving: starting, coming: starting, serves: watching, lasted: watching, faltered: failed, gone: overruled, abandoned: overruled},
		watching: {leaving: starting, coming: starting, serves: watching, lasted: finished, faltered: failed, gone: overruled, abandoned: overruled},
	}
	for s := range finished {
		for seen := range sights {
			if got, want := maintenanceTable[s][seen], wanted[s][seen]; got != want {
				t.Errorf("%v %v: got %v, want %v", s, seen, got, want)
			}
		}
	}
}

func TestEveryTaskEnds(t *testing.T) {
	for s := range stages {
		if got, want := s.isEnd(), s >= finished; got != want {
			t.Errorf("%v: got an end: %v, want %v", s, got, want)
		}
		if s.isEnd() {
			continue
		}
		for _, seen := range []sight{faltered, abandoned, gone} {
			if got := maintenanceTable[s][seen]; !got.isEnd() {
				t.Errorf("%v %v: got %v, want an end", s, seen, got)
			}
		}
	}
}
