package fleet

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"percore/reaper/lifecycle"
	"percore/reaper/output"
)

// stop asks the fleet to end; to be asked again is to be asked to end at once.
func (c *course) stop(reason string) {
	switch {
	case c.asked:
		c.log.Warn("stopping at once", "reason", reason)
		c.stopAtOnce()
	case c.budget.goesOn():
		c.log.Info("stopping", "reason", reason, "stop_timeout", c.options.StopTimeout)
		c.result.Reason = reason
		c.plan()
		c.startLameDuck()
	}
	c.asked = true
}

// plan sets the clock: from here on everything has a deadline.
func (c *course) plan() {
	whole := c.options.StopTimeout
	c.priority = math.MaxInt
	c.budget.split(whole, c.clock.Bound(whole, c.overrun))
	c.drainedBy = c.clock.Bound(share(whole, drainShare), c.cutDrain)
}

func (c *course) startLameDuck() {
	c.budget.phase = lameDuck
	if c.options.LameDuck <= 0 {
		c.startStopping()
		return
	}
	c.clock.After(c.options.LameDuck, c.startStopping)
}

func (c *course) startStopping() {
	if c.budget.stops() {
		return
	}
	c.budget.phase = stopping
	c.advance()
	if c.options.Quiesce != nil {
		c.options.Quiesce()
	}
}

// stopNext stops the highest priority that still has something to stop, and those below it only after that.
func (c *course) stopNext() {
	for {
		live := c.roster.live()
		if len(live) == 0 {
			c.startFlushing()
			return
		}
		byPriority := func(a, b *worker) int { return cmp.Compare(a.program.Priority, b.program.Priority) }
		highest := slices.MaxFunc(live, byPriority).program.Priority
		if highest >= c.priority {
			return
		}
		c.priority = highest
		for _, w := range live {
			if w.program.Priority == highest {
				c.stopWorker(w)
			}
		}
	}
}

func (c *course) stopWorker(w *worker) {
	w.wanted = false
	c.supervisor.reconcile(w)
	if w.state == lifecycle.StateStopping {
		c.supervisor.arm(w, c.supervisor.patience(w), lifecycle.EventExpired) // an earlier stop may have given it longer
	}
}

// cutDrain ends the wait for requests in flight.
func (c *course) cutDrain() {
	for _, w := range c.roster.workers {
		if w.state == lifecycle.StateDraining {
			c.log.Warn("requests are still in flight; stopping the worker", "process", w.title, "pid", w.process.PID())
			c.supervisor.apply(w, lifecycle.EventStop)
		}
	}
}

// stopAtOnce is the impatient end: no drain, no StopSignal.
func (c *course) stopAtOnce() {
	c.startStopping()
	for _, w := range c.roster.workers {
		w.wanted = false
		c.supervisor.apply(w, lifecycle.EventKill)
	}
}

// overrun is the end of the budget: a process that even SIGKILL cannot end is left to the kernel.
func (c *course) overrun() {
	if c.budget.phase == ended {
		return
	}
	var left []string
	for _, w := range c.roster.live() {
		left = append(left, w.title)
	}
	c.log.Error("stop timeout is over", "left", strings.Join(left, " "))
	c.end()
}

// startFlushing waits, for a moment only, until the pipes of the dead are read to their end: a grandchild may hold
// one open for ever.
func (c *course) startFlushing() {
	c.budget.phase = flushing
	if len(c.outputs.streams) == 0 {
		c.end()
		return
	}
	c.clock.Allow(min(flushMax, c.budget.end.Left()), c.end)
}

func (c *course) end() {
	if c.budget.phase == ended {
		return
	}
	c.budget.phase = ended
	if c.culprit != nil {
		c.report(c.culprit)
	}
}

// report is the last thing in the log of a container that gave up, so that a reader sees the cause first: what the
// program wrote, and behind that one sentence.
func (c *course) report(w *worker) {
	if c.result.Code == 0 {
		c.log.Info("fleet ended", "process", w.title, "reason", c.result.Reason, "code", 0)
		return
	}
	c.log.Error("fleet ended", "process", w.title, "reason", c.result.Reason, "code", c.result.Code,
		"last_lines", strings.Join(w.tail.Lines(), "\n"))
	c.log.Error(closingSentence(c.result, w))
}

// closingSentence says why the fleet ended, with what the program itself said last.
func closingSentence(r Result, w *worker) string {
	// The reason is a sentence then, and what a server said last is that it is well.
	if r.Code == codeMisplaced && w.last.misplaced {
		return fmt.Sprintf("fleet ended with code %d: %s", r.Code, r.Reason)
	}
	text := fmt.Sprintf("fleet ended with code %d: %s %s", r.Code, w.title, r.Reason)
	if !w.last.spawned {
		return text
	}
	for _, kind := range []output.Kind{output.Stderr, output.Stdout} { // the order between the two is by chance
		if said := output.LastSentence(w.tail.LinesOf(w.incarnation, kind)); said != "" {
			return text + ", and said last: " + said
		}
	}
	return text + ", without a word"
}

// close lets go of the clock.
func (c *course) close() {
	c.budget.end.Stop()
	c.drainedBy.Stop()
}
