package fleet

import (
	"time"

	"percore/reaper/lifecycle"

	"percore/reaper/notify"
)

// supervisor takes each worker through its life: events change its state by the transition table, and what the table
// says is done. It looks at one worker at a time, and knows of no order and no maintenance.
type supervisor struct {
	*base
	roster   *roster
	budget   *budget
	outputs  *outputs
	front    *endpoints
	notices  *notify.Socket // nil until a worker is to send some
	believed bool           // it was logged that the ports' owners cannot be seen
	endings  int            // so far

	isReady func(*worker)                         // is told of each worker that has become ready
	heed    func(from notify.Sender, text string) // is told what processes say of themselves
	over    <-chan struct{}                       // closed when nothing is heeded any more
}

// apply takes a worker through an event and whatever that entails. The front door hears of the change before
// an action is performed: a fork takes a millisecond, in which it could choose a dead worker.
func (s *supervisor) apply(w *worker, e lifecycle.Event) {
	for follows := true; follows; {
		from := w.state
		var do []lifecycle.Action
		w.state, do = lifecycle.Next(from, e)
		if w.state != from {
			s.log.Debug("worker changed state",
				"process", w.title, "from", from.String(), "to", w.state.String(), "event", e.String())
		}
		s.publish()
		follows = false
		for _, a := range do {
			if entailed, ok := s.perform(w, a); ok {
				e, follows = entailed, true
			}
		}
	}
}

// publish tells the front door about every change, once.
func (s *supervisor) publish() { s.front.tell(s.roster.workers, s.budget.stops()) }

// resume starts what is wanted and has stopped: it was told to stop and then to start, or is being replaced.
func (s *supervisor) resume() {
	if s.budget.stops() {
		return
	}
	for _, w := range s.roster.workers {
		switch {
		case w.wanted && w.state == lifecycle.StateStopped:
			s.apply(w, lifecycle.EventStart)
		case w.state == lifecycle.StateFatal && w.last.judged == lifecycle.EventExhausted && s.roster.siblingHolds(w):
			s.apply(w, lifecycle.EventRevived)
		}
	}
}

// retire stops one worker while the others go on: first its traffic, then its requests, then the process.
func (s *supervisor) retire(w *worker) {
	if s.hasTraffic(w) {
		s.apply(w, lifecycle.EventRetire)
		return
	}
	s.apply(w, lifecycle.EventStop)
}

// reconcile asks the table for the step from what is to what is wanted. Not from EXITED and FATAL: those are
// answers to the same wish.
func (s *supervisor) reconcile(w *worker) {
	switch {
	case w.wanted && w.state == lifecycle.StateStopped:
		s.apply(w, lifecycle.EventStart)
	case !w.wanted && s.hasTraffic(w):
		s.apply(w, lifecycle.EventDrain)
	case !w.wanted:
		s.apply(w, lifecycle.EventStop)
	}
}

// hasTraffic reports whether there is a front door that gives the worker requests.
func (s *supervisor) hasTraffic(w *worker) bool { return w.program.Traffic && s.options.Quiesce != nil }

// arm makes e happen to w when it has had d for what it is to do, in place of whatever was armed before.
func (s *supervisor) arm(w *worker, d time.Duration, e lifecycle.Event) {
	w.disarm()
	w.alarm = s.clock.Allow(d, func() { s.alarmRang(w, e) })
}

func (s *supervisor) alarmRang(w *worker, e lifecycle.Event) {
	w.disarm()
	switch e {
	case lifecycle.EventRetry:
		if s.waits(w) {
			return
		}
	case lifecycle.EventOverdue:
		s.logOverdue(w)
	case lifecycle.EventExpired:
		if w.state == lifecycle.StateDraining {
			s.log.Warn("requests are still in flight; stopping the worker", "process", w.title, "pid", w.process.PID(),
				"drain_timeout", w.program.DrainTimeout)
			break
		}
		s.log.Warn("worker does not stop", "process", w.title, "pid", w.process.PID(), "next", "kill")
	default:
	}
	s.apply(w, e)
}

// logOverdue tells that the worker's time to become ready is over, and why it is not ready as far as that is known.
func (s *supervisor) logOverdue(w *worker) {
	w.unreadiness = w.program.Ready.Explain(w.lastFailure.Get(), w.address())
	s.log.Warn("worker is not ready in time", "process", w.title, "pid", w.pid(), "reason", w.unreadiness,
		"ready_timeout", w.program.ReadyTimeout, "next", "kill")
}

// close lets go what belongs to the workers.
func (s *supervisor) close() {
	for _, w := range s.roster.workers {
		w.disarm()
		w.stopProbe()
		w.forgetCrash()
	}
	if s.notices != nil {
		s.notices.Close()
	}
}
