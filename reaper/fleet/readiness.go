package fleet

import (
	"context"
	"time"

	"percore/reaper/lifecycle"
	"percore/reaper/ports"
	"percore/reaper/probe"
)

// watch probes in a goroutine of its own, which ends with the incarnation.
func (s *supervisor) watch(w *worker) {
	ctx, cancel := context.WithCancel(context.Background())
	w.stopProbe = cancel
	incarnation, attempt := w.incarnation, w.lastFailure.Of(s.owned(w, s.attempt(w, w.program.Ready)))
	go func() {
		if probe.Until(ctx, attempt) {
			s.mail.post(func() {
				if w.incarnation == incarnation && w.alive() {
					s.apply(w, lifecycle.EventReady)
				}
			})
		}
	}()
}

// attempt is one try to find the worker fit. A server may change its socket's mode between bind and listen, and PID 1
// may lack the capability to connect to one that is closed to it: so the socket is opened to all before and after.
func (s *supervisor) attempt(w *worker, c probe.Check) func(context.Context) error {
	address, exposure := w.address(), w.exposure()
	try := func(ctx context.Context) error { return s.options.Probe(ctx, c, address) }
	if !w.program.Sockets {
		return try
	}
	return func(ctx context.Context) error {
		if err := exposure.Expose(); err != nil {
			return err
		}
		if err := try(ctx); err != nil {
			return err
		}
		return exposure.Expose()
	}
}

// expose is for workers that are ready by their own word.
func (s *supervisor) expose(w *worker) {
	if !w.program.Sockets || !w.program.Traffic || w.program.Ready.Kind != probe.Notify {
		return
	}
	if err := w.exposure().Expose(); err != nil {
		s.log.Warn("socket of the worker may be closed to the front door",
			"process", w.title, "socket", w.socket, "err", err)
	}
}

// owned makes a readiness probe succeed only where the worker, or what it has started, has answered. Most often it is
// the worker itself, so that is looked at first: to find all that it has started takes a look at every process.
func (s *supervisor) owned(w *worker, attempt func(context.Context) error) func(context.Context) error {
	if !w.usesPort() {
		return attempt
	}
	process, port, title := w.process, w.port, w.title
	return func(ctx context.Context) error {
		if err := attempt(ctx); err != nil {
			return err
		}
		verdict := s.options.Ports.Whose(port, []int{process.PID()})
		if verdict != ports.Own {
			verdict = s.options.Ports.Whose(port, process.Members())
		}
		switch verdict {
		case ports.Foreign:
			return probe.ErrForeign
		case ports.Unknown:
			s.mail.post(func() { s.logBelieved(title, port) })
		case ports.Own:
		}
		return nil
	}
}

// logBelieved tells once that another process cannot be told from a worker.
func (s *supervisor) logBelieved(title string, port int) {
	if !s.believed {
		s.believed = true
		s.log.Warn("what answers at a worker's port is taken for the worker",
			"process", title, "port", port, "reason", "/proc does not tell which process listens there")
	}
}

// diagnoseAfter is how long a worker may take to listen before it is asked where it does. Each further look comes
// after twice the time.
const diagnoseAfter = 5 * time.Second

// diagnoseIn looks, after a while, for what a worker listens on that is not ready by then.
func (s *supervisor) diagnoseIn(w *worker, after time.Duration) {
	if !w.usesPort() && !w.program.Sockets {
		return
	}
	incarnation, process, expected, port := w.incarnation, w.process, w.address(), 0
	if w.usesPort() {
		port = w.port
	}
	s.clock.Allow(after, func() {
		if w.incarnation != incarnation || w.state != lifecycle.StateStarting || !w.alive() {
			return
		}
		s.diagnoseIn(w, 2*after)
		go func() { // to look at every process takes some milliseconds
			d := s.options.Ports.Diagnose(process.Members(), expected, port)
			s.mail.post(func() { s.diagnosed(w, incarnation, d) })
		}()
	})
}

// diagnosed takes in a diagnosis.
func (s *supervisor) diagnosed(w *worker, incarnation uint64, d ports.Diagnosis) {
	if w.incarnation != incarnation || w.state != lifecycle.StateStarting || w.diagnosis == d {
		return
	}
	if w.diagnosis = d; d.Full != "" {
		s.log.Warn("worker does not listen where it is expected to", "process", w.title, "pid", w.pid(), "reason", d.Full)
	}
}
