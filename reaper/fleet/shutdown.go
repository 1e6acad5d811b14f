package fleet

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"percore/reaper/alarm"
	"percore/reaper/lifecycle"
)

// phase is how far the fleet as a whole is on its way to its end.
type phase uint8

const (
	serving  phase = iota
	lameDuck       // told to stop, still accepting
	stopping       // workers are drained and stopped, by priority
	flushing       // no process is left; their last output is on its way
	ended
)

// How the budget is split. Requests may take 70 % of it; the kill comes a second before its end, so that what
// is stopped last (the front door, with the answers it still holds) has that second; and PID 1 needs a moment
// to reap and to flush before the container runtime's own kill.
const (
	drainShare   = 0.7
	reserveMax   = time.Second
	reserveShare = 0.2 // for budgets too small for a whole second
	marginMax    = 250 * time.Millisecond
	marginShare  = 0.05
	flushMax     = 100 * time.Millisecond
)

// shutdown is the plan of the end; it belongs to the fleet's goroutine.
type shutdown struct {
	phase     phase
	asked     bool          // Stop was called; the next call means at once
	budget    *alarm.Alarm  // Run has returned by then
	reserve   time.Duration // of the budget, after SIGKILL for all but the last priority
	margin    time.Duration // of the budget, after SIGKILL for the last priority
	drainedBy *alarm.Alarm
	priority  int // being stopped now; lower ones still run
}

// Stop asks the fleet to end: drain, stop, and kill what is left, within StopTimeout. A second call kills
// everything at once. It is safe from any goroutine and at any time, before Run too.
func (f *Fleet) Stop(reason string) {
	f.mail.post(func() {
		switch {
		case f.shutdown.asked:
			f.log.Warn("stopping at once", "reason", reason)
			f.stopAtOnce()
		case f.shutdown.phase == serving:
			f.log.Info("stopping", "reason", reason, "stop_timeout", f.options.StopTimeout)
			f.result.Reason = reason
			f.plan()
			f.startLameDuck()
		}
		f.shutdown.asked = true
	})
}

// plan sets the clock: from here on everything has a deadline.
func (f *Fleet) plan() {
	s, budget := &f.shutdown, f.options.StopTimeout
	s.reserve = min(reserveMax, share(budget, reserveShare))
	s.margin = min(marginMax, share(budget, marginShare))
	s.priority = math.MaxInt
	s.budget = f.clock.Bound(budget, f.overrun)
	s.drainedBy = f.clock.Bound(share(budget, drainShare), f.cutDrain)
}

func share(d time.Duration, part float64) time.Duration { return time.Duration(float64(d) * part) }

func (f *Fleet) startLameDuck() {
	f.shutdown.phase = lameDuck
	if f.options.LameDuck <= 0 {
		f.startStopping()
		return
	}
	f.clock.After(f.options.LameDuck, f.startStopping)
}

func (f *Fleet) startStopping() {
	if f.shutdown.phase > lameDuck {
		return
	}
	f.shutdown.phase = stopping
	f.advance()
	if f.options.Quiesce != nil {
		f.options.Quiesce()
	}
}

// advance looks at the fleet as a whole and goes on to its next phase when this one is over.
func (f *Fleet) advance() {
	switch f.shutdown.phase {
	case serving:
		if result, culprit, over := f.outcome(); over {
			f.result, f.culprit = result, culprit
			f.log.Warn("nothing left to run", "process", culprit.title, "reason", result.Reason, "code", result.Code)
			f.plan()
			f.startStopping()
		}
	case stopping:
		f.stopNext()
	case flushing:
		if len(f.streams) == 0 {
			f.end()
		}
	case lameDuck, ended:
	}
}

// stopNext stops the highest priority that still has something to stop, and those below it only after that.
func (f *Fleet) stopNext() {
	for {
		live := f.live()
		if len(live) == 0 {
			f.startFlushing()
			return
		}
		highest := slices.MaxFunc(live, func(a, b *worker) int { return cmp.Compare(a.program.Priority, b.program.Priority) }).program.Priority
		if highest >= f.shutdown.priority {
			return
		}
		f.shutdown.priority = highest
		for _, w := range live {
			if w.program.Priority == highest {
				w.wanted = false
				f.reconcile(w)
				if w.state == lifecycle.StateStopping {
					f.arm(w, f.patience(w), lifecycle.EventExpired) // an earlier stop may have given it longer
				}
			}
		}
	}
}

// live are the workers that have a process or will have one.
func (f *Fleet) live() []*worker {
	return slices.DeleteFunc(slices.Clone(f.workers), func(w *worker) bool { return w.state.IsFinal() })
}

// patience is how long a worker may take from StopSignal to SIGKILL.
func (f *Fleet) patience(w *worker) time.Duration {
	s := &f.shutdown
	if s.phase < stopping {
		return f.patienceInService(w)
	}
	if w.program.Internal {
		return min(w.program.StopWaitSecs, s.budget.Left()-s.margin)
	}
	return min(w.program.StopWaitSecs, (s.budget.Left()-s.reserve)/time.Duration(f.roundsFrom(w.program.Priority)))
}

// roundsFrom counts the priorities, this one and those below it, that are still to be stopped and share what is left of
// the budget. Percore's own programs have a reserve of their own.
func (f *Fleet) roundsFrom(priority int) int {
	rounds := map[int]struct{}{priority: {}}
	for _, w := range f.live() {
		if w.program.Priority < priority && !w.program.Internal {
			rounds[w.program.Priority] = struct{}{}
		}
	}
	return len(rounds)
}

// holdPatienceMin is what every worker gets to end by itself, whoever waits.
const holdPatienceMin = time.Second

// patienceInService is for a worker that is stopped while the fleet goes on. Where clients wait for its successor, because
// nobody else can answer them, it gets what is left of their patience: its own last request is answered by then.
func (f *Fleet) patienceInService(w *worker) time.Duration {
	patience := w.program.StopWaitSecs
	if w.hung {
		patience = min(patience, hungPatience)
	}
	if w.wanted && w.program.Traffic && f.options.HoldMax > 0 && !f.siblingServes(w) {
		patience = min(patience, max(holdPatienceMin, f.options.HoldMax-f.clock.Since(w.withdrawn)))
	}
	return patience
}

// cutDrain ends the wait for requests in flight.
func (f *Fleet) cutDrain() {
	for _, w := range f.workers {
		if w.state == lifecycle.StateDraining {
			f.log.Warn("requests are still in flight; stopping the worker", "process", w.title, "pid", w.process.PID())
			f.apply(w, lifecycle.EventStop)
		}
	}
}

// stopAtOnce is the impatient end: no drain, no StopSignal.
func (f *Fleet) stopAtOnce() {
	if f.shutdown.phase < stopping {
		f.startStopping()
	}
	for _, w := range f.workers {
		w.wanted = false
		f.apply(w, lifecycle.EventKill)
	}
}

// overrun is the end of the budget: a process that even SIGKILL cannot end is left to the kernel.
func (f *Fleet) overrun() {
	if f.shutdown.phase == ended {
		return
	}
	var left []string
	for _, w := range f.live() {
		left = append(left, w.title)
	}
	f.log.Error("stop timeout is over", "left", strings.Join(left, " "))
	f.end()
}

// startFlushing waits, for a moment only, until the pipes of the dead are read to their end: a grandchild may hold one open for ever.
func (f *Fleet) startFlushing() {
	f.shutdown.phase = flushing
	if len(f.streams) == 0 {
		f.end()
		return
	}
	f.clock.Allow(min(flushMax, f.shutdown.budget.Left()), f.end)
}

func (f *Fleet) end() {
	if f.shutdown.phase == ended {
		return
	}
	f.shutdown.phase = ended
	if f.culprit != nil {
		f.report(f.culprit)
	}
}

// report is the last thing in the log of a container that gave up, so that whoever looks sees the cause first: what the program wrote,
// and behind that one sentence.
func (f *Fleet) report(w *worker) {
	if f.result.Code == 0 {
		f.log.Info("fleet ended", "process", w.title, "reason", f.result.Reason, "code", 0)
		return
	}
	f.log.Error("fleet ended", "process", w.title, "reason", f.result.Reason, "code", f.result.Code,
		"last_lines", strings.Join(w.tail.Lines(), "\n"))
	f.log.Error(f.closingSentence(w))
}

// close releases what Run held. Goroutines that copy output end with their pipes; one that is stuck
// in a write to percore's own stdout ends with the process.
func (f *Fleet) close() {
	f.shutdown.budget.Stop()
	f.shutdown.drainedBy.Stop()
	for _, w := range f.workers {
		f.disarm(w)
		w.stopProbe()
		w.forgetCrash()
	}
	for s := range f.streams {
		s.Close()
	}
	if lost := f.Dropped(); lost > 0 {
		f.log.Warn("worker output was dropped", "bytes", lost)
	}
	if f.notices != nil {
		f.notices.Close()
	}
	f.sockets.Close()
	if f.null != nil {
		f.null.Close()
	}
}
