package fleet

import (
	"cmp"
	"slices"
	"time"

	"percore/reaper/lifecycle"
)

// endpoints is what the front door was last told.
type endpoints struct {
	publish func([]Endpoint)
	told    []Endpoint
}

// tell publishes every change, once. stops is that the fleet stops for good.
func (e *endpoints) tell(workers []*worker, stops bool) {
	var now []Endpoint
	for _, w := range workers {
		if w.seat >= 0 {
			now = append(now, w.endpoint(stops))
		}
	}
	slices.SortFunc(now, func(a, b Endpoint) int { return cmp.Compare(a.Index, b.Index) })
	if slices.Equal(now, e.told) {
		return
	}
	e.told = now
	e.publish(slices.Clone(now))
}

func (w *worker) endpoint(stops bool) Endpoint {
	coming, due := w.prospect(stops)
	return Endpoint{
		Index: w.seat, Name: w.title, Address: w.address(), Incarnation: w.incarnation, PID: w.pid(),
		State: w.endpointState(), RequestsMax: w.requestsMax, Killed: w.killedExternally, Trouble: w.trouble(),
		Coming: coming, Due: due, Proven: w.proven,
	}
}

// endpointState is what the front door may do with the worker now. A draining worker is still up: while the
// whole container stops, the front door decides by itself which requests are the last.
func (w *worker) endpointState() EndpointState {
	switch {
	case w.serves():
		return Up
	case w.alive() && w.wasReady:
		return Draining
	default:
		return Down
	}
}

// trouble is why it is not up, for any client to read.
func (w *worker) trouble() string {
	if w.diagnosis.Public == "" {
		return ""
	}
	return w.title + " " + w.diagnosis.Public
}

// prospect reports whether a worker that gets no traffic is on its way to some without another order, and for which
// start that waits; zero is for none.
func (w *worker) prospect(stops bool) (coming bool, due time.Time) {
	if w.serves() || w.withheld || stops {
		return false, time.Time{}
	}
	switch w.state {
	case lifecycle.StateStarting, lifecycle.StateRunning:
		return true, time.Time{}
	case lifecycle.StateBackoff:
		return true, w.due()
	case lifecycle.StateStopped, lifecycle.StateDraining, lifecycle.StateStopping:
		return w.wanted, time.Time{}
	case lifecycle.StateExited, lifecycle.StateFatal:
		return false, time.Time{}
	default:
		return false, time.Time{}
	}
}
