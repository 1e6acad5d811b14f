package fleet

import (
	"testing"

	"percore/reaper/lifecycle"
)

func TestEndpointStatesHaveWords(t *testing.T) {
	for s, text := range map[EndpointState]string{Down: "down", Up: "up", Draining: "draining", 9: "unknown"} {
		if got := s.String(); got != text {
			t.Errorf("endpoint state %d: got %q, want %q", s, got, text)
		}
	}
}

func TestWhatIsToCome(t *testing.T) {
	for name, c := range map[string]struct {
		make  func(*worker)
		stops bool
		want  bool
	}{
		"it starts":                     {func(w *worker) { w.state = lifecycle.StateStarting }, false, true},
		"it runs, and is not well":      {func(w *worker) { w.state = lifecycle.StateRunning }, false, true},
		"it serves":                     {func(w *worker) { w.state, w.ready = lifecycle.StateRunning, true }, false, false},
		"it is drained by order":        {func(w *worker) { w.state, w.ready, w.withheld = lifecycle.StateRunning, true, true }, false, false},
		"it backs off":                  {func(w *worker) { w.state = lifecycle.StateBackoff }, false, true},
		"it stops, to start again":      {func(w *worker) { w.state, w.wanted = lifecycle.StateStopping, true }, false, true},
		"it stops for good":             {func(w *worker) { w.state = lifecycle.StateDraining }, false, false},
		"it was stopped by order":       {func(w *worker) { w.state = lifecycle.StateStopped }, false, false},
		"it was given up":               {func(w *worker) { w.state, w.wanted = lifecycle.StateFatal, true }, false, false},
		"it has finished":               {func(w *worker) { w.state, w.wanted = lifecycle.StateExited, true }, false, false},
		"it starts while the fleet end": {func(w *worker) { w.state = lifecycle.StateStarting }, true, false},
	} {
		w := muster(named("web", "web", 1, 0)).workers[0]
		c.make(w)
		if got, due := w.prospect(c.stops); got != c.want || !due.IsZero() {
			t.Errorf("%s: got it coming: %v at %v, want %v", name, got, due, c.want)
		}
	}
}

func TestTheFrontDoorIsToldOfEachChangeOnce(t *testing.T) {
	web := named("web", "web", 2, 1)
	web.Traffic = true
	r := muster(web, named("side", "side", 1, 0))
	var told [][]Endpoint
	e := &endpoints{publish: func(list []Endpoint) { told = append(told, list) }}
	e.tell(r.workers, false)
	e.tell(r.workers, false)
	if len(told) != 1 || len(told[0]) != 2 || told[0][0].Name != "web:web-0" || told[0][1].Index != 1 {
		t.Fatalf("got %+v, want one snapshot of the workers with traffic", told)
	}
	told[0][0].Name = "a reader may do with it what it likes"
	r.workers[1].requestsMax = 100
	e.tell(r.workers, false)
	e.tell(r.workers, false)
	if len(told) != 2 || told[1][0].RequestsMax != 100 {
		t.Errorf("got %+v, want the change, once", told[1:])
	}
}
