package fleet

import (
	"testing"

	"percore/reaper/lifecycle"
	"percore/reaper/ports"
)

// fate is how one worker stands when the outcome is asked for.
type fate struct {
	state    lifecycle.State
	code     int
	order    int
	change   func(*worker)
	critical bool
}

func fated(fates ...fate) *roster {
	p := named("web", "web", len(fates), 0)
	r := muster(p)
	for i, f := range fates {
		w, own := r.workers[i], p
		own.Critical = f.critical
		w.program, w.state, w.last = &own, f.state, ending{code: f.code, order: f.order, reason: w.name}
		if f.change != nil {
			f.change(w)
		}
	}
	return r
}

func TestHowAFleetEndsByItself(t *testing.T) {
	const running, fatal, exited, stopped = lifecycle.StateRunning, lifecycle.StateFatal, lifecycle.StateExited, lifecycle.StateStopped
	vital := func(w *worker) { w.program.Vital = true }
	internal := func(w *worker) { w.program.Internal = true }
	exhausted := func(w *worker) { w.last.judged = lifecycle.EventExhausted }
	serving := func(w *worker) { w.ready = true }
	for name, c := range map[string]struct {
		on    ExitOn
		fates []fate
		who   int // -1 is that the fleet goes on
		code  int
	}{
		"one runs":                             {AllFatal, []fate{{running, 0, 0, nil, true}, {fatal, 3, 1, nil, true}}, -1, 0},
		"one was stopped by order":             {AllFatal, []fate{{stopped, 0, 1, nil, true}, {fatal, 3, 2, nil, true}}, -1, 0},
		"all are given up: the latest":         {AllFatal, []fate{{fatal, 3, 2, nil, true}, {fatal, 4, 1, nil, true}}, 0, 3},
		"given up without a code":              {AllFatal, []fate{{fatal, 0, 1, nil, true}}, 0, 1},
		"all have finished well":               {AllFatal, []fate{{exited, 0, 1, nil, true}, {exited, 0, 2, nil, true}}, 1, 0},
		"one has not: its code is the first":   {AllFatal, []fate{{exited, 0, 1, nil, true}, {exited, 7, 3, nil, true}, {exited, 5, 2, nil, true}}, 2, 5},
		"one given up among them":              {AllFatal, []fate{{exited, 7, 2, nil, true}, {fatal, 3, 1, nil, true}}, 1, 3},
		"what is not critical does not count":  {AllFatal, []fate{{fatal, 3, 1, nil, true}, {running, 0, 0, nil, false}}, 0, 3},
		"nothing is critical":                  {AllFatal, []fate{{fatal, 3, 1, nil, false}}, -1, 0},
		"never":                                {NeverExit, []fate{{fatal, 3, 1, nil, true}}, -1, 0},
		"never, but a vital one":               {NeverExit, []fate{{fatal, 3, 1, vital, false}}, 0, 3},
		"a vital one that has finished":        {AllFatal, []fate{{exited, 0, 1, vital, false}, {running, 0, 0, nil, true}}, -1, 0},
		"any":                                  {AnyFatal, []fate{{fatal, 3, 1, nil, true}, {running, 0, 0, nil, true}}, 0, 3},
		"any, while a sibling may bring it up": {AnyFatal, []fate{{fatal, 3, 1, exhausted, true}, {running, 0, 0, serving, true}}, -1, 0},
		"any, the first of two":                {AnyFatal, []fate{{fatal, 3, 2, nil, true}, {fatal, 4, 1, nil, true}, {running, 0, 0, nil, true}}, 1, 4},
		"any of percore's own":                 {AnyFatal, []fate{{fatal, 3, 1, internal, false}, {running, 0, 0, nil, true}}, -1, 0},
		"the first exit":                       {FirstExit, []fate{{exited, 0, 1, nil, false}, {running, 0, 0, nil, true}}, 0, 0},
		"the first exit, percore's own":        {FirstExit, []fate{{exited, 0, 1, internal, false}, {running, 0, 0, nil, true}}, -1, 0},
	} {
		r := fated(c.fates...)
		result, w := r.done(c.on)
		switch {
		case c.who < 0 && w != nil:
			t.Errorf("%s: got the end by %s, want none", name, w.title)
		case c.who >= 0 && (w != r.workers[c.who] || result != Result{Code: c.code, Reason: w.name}):
			t.Errorf("%s: got %+v, want code %d by worker %d", name, result, c.code, c.who)
		}
	}
}

func TestAFleetThatListensElsewhereIsMisplaced(t *testing.T) {
	misplaced := func(w *worker) {
		w.last.misplaced, w.diagnosis = true, ports.Diagnosis{Full: "listens on 127.0.0.1:9000"}
	}
	proven := func(w *worker) { misplaced(w); w.proven = true }
	const backoff, fatal = lifecycle.StateBackoff, lifecycle.StateFatal
	for name, c := range map[string]struct {
		fates []fate
		want  int // the worker that tells it; -1 is that it is not so
	}{
		"all do":                             {[]fate{{backoff, 1, 1, misplaced, true}, {backoff, 1, 2, misplaced, true}}, 1},
		"one has served":                     {[]fate{{backoff, 1, 1, misplaced, true}, {backoff, 1, 2, proven, true}}, -1},
		"one has another reason":             {[]fate{{backoff, 1, 1, misplaced, true}, {backoff, 1, 2, nil, true}}, -1},
		"the others are given up for theirs": {[]fate{{backoff, 1, 1, misplaced, true}, {fatal, 1, 2, nil, true}}, 0},
		"what is not critical":               {[]fate{{backoff, 1, 1, misplaced, true}, {backoff, 1, 2, nil, false}}, 0},
		"nothing is critical":                {[]fate{{backoff, 1, 1, misplaced, false}}, -1},
	} {
		r := fated(c.fates...)
		result, w := r.misplaced()
		if c.want < 0 && w != nil || c.want >= 0 && (w != r.workers[c.want] || result.Code != codeMisplaced) {
			t.Errorf("%s: got %+v by %v, want worker %d", name, result, w, c.want)
		}
		if got, _ := r.done(NeverExit); got != (Result{}) {
			t.Errorf("%s, with a fleet that never ends: got %+v", name, got)
		}
	}
}
