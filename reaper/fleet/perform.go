package fleet

import (
	"errors"
	"os"
	"syscall"
	"time"

	"percore/reaper"
	"percore/reaper/alarm"
	"percore/reaper/lifecycle"
	"percore/reaper/ports"
	"percore/reaper/probe"
)

// perform does one action of the table. Two entail an event at once: a spawn that failed, or after which nothing more
// is needed to be ready, and a withdrawal from a worker whose requests were done before.
func (s *supervisor) perform(w *worker, a lifecycle.Action) (entailed lifecycle.Event, ok bool) {
	switch a {
	case lifecycle.DoSpawn:
		return s.spawn(w)
	case lifecycle.DoServe:
		s.serve(w)
	case lifecycle.DoDefer:
		w.disarm()
		w.alarm = s.clock.After(w.delay, func() { s.alarmRang(w, lifecycle.EventRetry) })
	case lifecycle.DoWithdraw:
		return s.withdraw(w)
	case lifecycle.DoTerminate:
		s.terminate(w)
	case lifecycle.DoKill:
		s.kill(w)
	case lifecycle.DoRest:
		w.disarm()
	default:
	}
	return 0, false
}

func (s *supervisor) spawn(w *worker) (entailed lifecycle.Event, ok bool) {
	w.incarnation++
	w.takeNext() // also where no process had to end for it, after a back-off that was cut short
	p, err := s.fork(w)
	if err != nil {
		return s.refused(w, err), true
	}
	w.process, w.started = p, time.Now()
	w.starts++
	w.refusals = 0
	w.requestsMax = w.program.Limits.requestsMax(s.options.Rand())
	s.log.Info("worker started", "process", w.title, "pid", p.PID(), "incarnation", w.incarnation)
	incarnation := w.incarnation
	s.clock.After(w.program.StartSecs, func() { // an order to start it may wait for that, and so may a FATAL sibling
		w.pool.served = w.pool.served || w.incarnation == incarnation && w.ready
	})
	if w.program.Ready.Kind == probe.None {
		return lifecycle.EventReady, true
	}
	s.arm(w, w.program.ReadyTimeout, lifecycle.EventOverdue)
	s.diagnoseIn(w, min(diagnoseAfter, w.program.ReadyTimeout/2))
	if w.program.Ready.Kind != probe.Notify {
		s.watch(w)
	}
	return 0, false
}

func (s *supervisor) serve(w *worker) {
	w.disarm()
	w.stopProbe()
	s.expose(w)
	w.ready, w.wasReady, w.proven, w.diagnosis = true, true, true, ports.Diagnosis{}
	w.pool.served = w.pool.served || w.program.Ready.Kind != probe.None
	s.log.Info("worker ready", "process", w.title, "pid", w.process.PID(), "after", alarm.Words(time.Since(w.started)))
	s.publish()
	s.isReady(w)
}

// withdraw takes the worker's traffic away while the rest of the fleet has its own: the front door says when its last
// request is done. It does not say so again where the worker had no traffic before: nothing has changed for it.
func (s *supervisor) withdraw(w *worker) (entailed lifecycle.Event, ok bool) {
	w.ready, w.withdrawn = false, s.clock.Now()
	s.publish()
	s.arm(w, w.program.DrainTimeout, lifecycle.EventExpired)
	return lifecycle.EventDrained, w.drained
}

func (s *supervisor) terminate(w *worker) {
	w.stopProbe()
	w.ready = false
	s.publish()
	s.send(w, w.program.StopSignal, w.process.Stop)
	s.arm(w, s.patience(w), lifecycle.EventExpired)
}

func (s *supervisor) kill(w *worker) {
	w.disarm()
	w.stopProbe()
	w.ready = false
	s.publish()
	w.killed = s.signal(w, syscall.SIGKILL) || w.killed
}

// killHung kills a process that does not answer any more; a new one follows as after any death.
func (s *supervisor) killHung(w *worker) {
	s.log.Warn("degraded", "reason", w.title+" does not answer; it is killed and started anew",
		"process", w.title, "pid", w.process.PID())
	w.killed = s.signal(w, syscall.SIGKILL) || w.killed
}

// signal reports whether it was sent. A process that was reaped meanwhile is no error: its death is in the mailbox.
func (s *supervisor) signal(w *worker, sig syscall.Signal) bool {
	return s.send(w, sig, w.process.Signal)
}

func (s *supervisor) send(w *worker, sig syscall.Signal, how func(syscall.Signal) error) bool {
	if sig = w.program.rewritten(sig); sig == 0 {
		return true // dropped, as configured
	}
	err := how(sig)
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		s.log.Error("signal worker", "process", w.title, "signal", reaper.SignalName(sig), "err", err)
	}
	return err == nil
}

const (
	// holdPatienceMin is what every worker gets to end by itself, whatever waits for it.
	holdPatienceMin = time.Second
	// hungPatience is for a worker that does not answer at all: it will not hear StopSignal, and its port is needed.
	hungPatience = 2 * time.Second
)

// patience is how long a worker may take from StopSignal to SIGKILL.
func (s *supervisor) patience(w *worker) time.Duration {
	if s.budget.stops() {
		return s.budget.patience(w.program.StopWaitSecs, w.program.Internal, s.roster.roundsFrom(w.program.Priority))
	}
	return s.patienceInService(w)
}

// patienceInService is for a worker that is stopped while the fleet goes on. Where clients wait for its successor,
// because no other worker can answer them, it gets what is left of their patience: its own last request is answered
// by then.
func (s *supervisor) patienceInService(w *worker) time.Duration {
	patience := w.program.StopWaitSecs
	if w.hung {
		patience = min(patience, hungPatience)
	}
	if w.wanted && w.program.Traffic && s.options.HoldMax > 0 && !s.roster.siblingServes(w) {
		patience = min(patience, max(holdPatienceMin, s.options.HoldMax-s.clock.Since(w.withdrawn)))
	}
	return patience
}
