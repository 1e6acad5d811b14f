package balance

import (
	"math"
	"time"
)

// A request waits for a backend only where there is one to wait for: this file says when there is none.

const (
	// refusedMillis is for how long all backends have to refuse a request before that is believed. A backend that has
	// just died refuses too, until PID 1 has heard of it and says so; that takes a millisecond, and more on a machine
	// that is busy.
	refusedMillis = 500
	// listenMillis is how old a backend has to be for its refusals to count: with PERCORE_READY=none it is up before
	// it listens.
	listenMillis = 3_000
)

// outlook is what a snapshot says of backends that are not up.
type outlook struct {
	first bool      // none has ever been up
	sound bool      // one is on its way of which nothing is known to be wrong
	never bool      // none is on its way
	due   time.Time // when the first of those that are has its next start; zero where one is starting
}

func newOutlook(endpoints []Endpoint) outlook {
	o := outlook{first: len(endpoints) > 0, never: true}
	for _, e := range endpoints {
		o.first = o.first && !e.Proven && e.State != Up
		if !e.Coming {
			continue
		}
		o.sound = o.sound || e.Trouble == ""
		if o.never || e.Due.Before(o.due) {
			o.due = e.Due
		}
		o.never = false
	}
	return o
}

// StartsFirst reports whether the fleet is starting for the first time: none of its backends has ever been up, and
// some may be. Backends that listen elsewhere than they should are not worth a longer wait than ever.
func (t *Table) StartsFirst() bool { return t != nil && t.first && t.sound }

// Prospect is what a request that finds no backend has to wait for.
type Prospect uint8

// The prospects of a request.
const (
	Hopeful    Prospect = iota // a backend may take it in time
	NoneComing                 // no backend is up, and none will be in the time that is left to it
	AllRefuse                  // each backend that is up refuses it
)

// Prospect reports whether w, to which that much time is left, need wait.
func (t *Table) Prospect(w *Waiter, nowNanos int64, left time.Duration) Prospect {
	switch {
	case t == nil:
		return Hopeful
	case t.AnyUp():
		return t.refusal(w, nowNanos)
	case t.never:
		return NoneComing
	case !t.due.IsZero() && time.Until(t.due) > left:
		return NoneComing
	default:
		return Hopeful
	}
}

// refusal is AllRefuse where every backend that is up has refused w for refusedMillis, and is old enough to listen by
// now.
func (t *Table) refusal(w *Waiter, nowNanos int64) Prospect {
	if w.refusedSince == 0 || nowNanos-w.refusedSince < refusedMillis*int64(time.Millisecond) {
		return Hopeful
	}
	for i, backend := range t.backends {
		if t.states[i] == Up && (!w.tried.has(i) || time.Since(backend.Known) < listenMillis*time.Millisecond) {
			return Hopeful
		}
	}
	return AllRefuse
}

// NoteRefusal keeps when the connects of a request began to be refused, one after the other; refused is false for a
// failure of another kind.
func (w *Waiter) NoteRefusal(refused bool, nowNanos int64) {
	switch {
	case !refused:
		w.refusedSince = 0
	case w.refusedSince == 0:
		w.refusedSince = nowNanos
	}
}

// RetryAfterSeconds is when to try again where a request found no backend: by then one that died is usually back, or
// the next start is due.
func (t *Table) RetryAfterSeconds() int64 {
	const usual, most = 1, 60
	if t == nil || t.AnyUp() || t.never || t.due.IsZero() {
		return usual
	}
	return int64(min(max(math.Ceil(time.Until(t.due).Seconds()), usual), most))
}
