package fleet

import (
	"errors"
	"testing"

	"percore/reaper"
	"percore/reaper/lifecycle"
)

// alive gives a worker a process that does nothing.
func alive(w *worker) { w.process = reaper.NewProcess(7, nil) }

func TestWhatIsSeenOfAWorkerUnderMaintenance(t *testing.T) {
	const running, backoff, stopped = lifecycle.StateRunning, lifecycle.StateBackoff, lifecycle.StateStopped
	for name, c := range map[string]struct {
		task task // the worker had incarnation 4 before
		make func(w *worker)
		want lifecycle.Observation
	}{
		"the old process answers": {task{from: 4}, func(w *worker) { w.incarnation, w.state = 4, running; alive(w) }, lifecycle.SeenLeaving},
		"it has stopped":          {task{from: 4}, func(w *worker) { w.incarnation, w.state = 4, stopped }, lifecycle.SeenLeaving},
		"the new one starts": {
			task{from: 4},
			func(w *worker) { w.incarnation, w.state = 5, lifecycle.StateStarting; alive(w) },
			lifecycle.SeenComing,
		},
		"the new one is ready": {
			task{from: 4},
			func(w *worker) { w.incarnation, w.state, w.ready = 5, running, true; alive(w) },
			lifecycle.SeenServing,
		},
		"and was watched": {
			task{from: 4, attempt: 5, lasted: true},
			func(w *worker) { w.incarnation, w.state, w.ready = 5, running, true; alive(w) }, lifecycle.SeenLasting,
		},
		"another one was watched": {
			task{from: 4, attempt: 5, lasted: true},
			func(w *worker) { w.incarnation, w.state, w.ready = 6, running, true; w.last.passing = true; alive(w) },
			lifecycle.SeenServing,
		},
		"it answers no more": {
			task{from: 4, attempt: 5},
			func(w *worker) { w.incarnation, w.state = 5, running; alive(w) },
			lifecycle.SeenFaltering,
		},
		"it failed to start": {task{from: 4, attempt: 5}, func(w *worker) { w.incarnation, w.state = 5, backoff }, lifecycle.SeenFaltering},
		"it was killed from outside": {
			task{from: 4, attempt: 5},
			func(w *worker) { w.incarnation, w.state = 5, backoff; w.last.passing = true },
			lifecycle.SeenComing,
		},
		"it died, and the next one starts": {
			task{from: 4, attempt: 5},
			func(w *worker) { w.incarnation, w.state = 6, lifecycle.StateStarting; alive(w) },
			lifecycle.SeenFaltering,
		},
		"it was given up": {
			task{from: 4, attempt: 5},
			func(w *worker) { w.incarnation, w.state = 5, lifecycle.StateFatal },
			lifecycle.SeenFaltering,
		},
		"it has finished": {
			task{from: 4, attempt: 5},
			func(w *worker) { w.incarnation, w.state = 5, lifecycle.StateExited },
			lifecycle.SeenFaltering,
		},
		"an order stops it": {task{from: 4}, func(w *worker) { w.incarnation, w.state, w.wanted = 5, running, false }, lifecycle.SeenAbandoned},
		"a removal, and it still runs": {
			task{from: 4, removal: true},
			func(w *worker) { w.incarnation, w.state, w.wanted = 4, running, false; alive(w) }, lifecycle.SeenLeaving,
		},
		"a removal, and it has gone": {
			task{from: 4, removal: true},
			func(w *worker) { w.incarnation, w.state, w.wanted = 4, stopped, false },
			lifecycle.SeenGone,
		},
		"a removal, and it is wanted once more": {
			task{from: 4, removal: true},
			func(w *worker) { w.incarnation, w.state = 4, running; alive(w) },
			lifecycle.SeenAbandoned,
		},
	} {
		w := muster(named("web", "web", 1, 0)).workers[0]
		w.wanted, c.task.w = true, w
		c.make(w)
		if got := c.task.look(); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

func TestTheWorkerOfWhichTheFleetHasTheLeastComesFirst(t *testing.T) {
	r := muster(named("web", "web", 4, 0))
	j := new(job)
	for i, w := range r.workers {
		w.ready = i != 2
		j.targets = append(j.targets, target{w: w})
	}
	var got []*worker
	for len(j.targets) > 0 {
		got = append(got, j.nextTarget().w)
	}
	if want := "web:web-2 web:web-0 web:web-1 web:web-3"; titles(got) != want {
		t.Errorf("got %s, want %s", titles(got), want)
	}
}

func TestATargetIsVoidWhenItsProcessHasBeenReplaced(t *testing.T) {
	w := muster(named("web", "web", 1, 0)).workers[0]
	w.incarnation = 5
	for incarnation, want := range map[uint64]bool{0: false, 4: true, 5: false} {
		if got := (target{w: w, incarnation: incarnation}).isVoid(); got != want {
			t.Errorf("meant for %d: got void %v, want %v", incarnation, got, want)
		}
	}
}

func TestARollIsKnownByItsPurposeAndItsProgress(t *testing.T) {
	for name, c := range map[string]struct {
		job             *job
		roll, untouched bool
	}{
		"none":        {nil, false, false},
		"a roll":      {&job{purpose: rolling}, true, true},
		"one halted":  {&job{purpose: rolling, halted: true}, false, true},
		"a scaling":   {&job{purpose: scaling}, false, false},
		"a recycling": {&job{purpose: recycling}, false, false},
	} {
		if got := c.job.isRoll(); got != c.roll {
			t.Errorf("%s: got a roll: %v, want %v", name, got, c.roll)
		}
		if c.job != nil && c.job.isUntouchedRoll() != c.untouched {
			t.Errorf("%s: got it untouched: %v, want %v", name, !c.untouched, c.untouched)
		}
	}
}

func TestAnOperationTellsWhatIsNewAndWhetherThereIsMore(t *testing.T) {
	op := newOperation(Order{Verb: Stop})
	op.tell("web:web-0", "stopped", nil)
	op.tell("web:web-1", "stopped", ErrOverruled)
	<-op.news
	if outcomes, done, err := op.progress(0); len(outcomes) != 2 || outcomes[0].Process != "web:web-0" ||
		!errors.Is(outcomes[1].Err, ErrOverruled) || done || err != nil {
		t.Errorf("got %+v, done %v, error %v; want two outcomes and more to come", outcomes, done, err)
	}
	op.end(ErrHalted)
	op.end(nil) // the first end counts
	<-op.news
	if outcomes, done, err := op.progress(2); len(outcomes) != 0 || !done || !errors.Is(err, ErrHalted) {
		t.Errorf("got %+v, done %v, error %v; want the end", outcomes, done, err)
	}
	select {
	case <-op.news:
		t.Error("news: got some when there is none")
	default:
	}
}

func TestVerbsAreTheWordsThatUsersType(t *testing.T) {
	for verb, want := range map[Verb]string{0: "none", Start: "start", Stop: "stop", Restart: "restart", Signal: "signal", Scale: "scale", Drain: "drain", Undrain: "undrain", Replace: "update", 99: "unknown"} {
		if got := verb.String(); got != want {
			t.Errorf("verb %d: got %q, want %q", verb, got, want)
		}
	}
}
