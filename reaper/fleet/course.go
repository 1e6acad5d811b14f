package fleet

import (
	"slices"

	"percore/reaper/alarm"
	"percore/reaper/lifecycle"
)

// course is the way of the fleet as a whole, from what is started first to its end.
type course struct {
	*base
	roster     *roster
	supervisor *supervisor
	outputs    *outputs
	budget     *budget

	asked     bool         // to stop; to be asked again means at once
	drainedBy *alarm.Alarm // the wait for requests in flight is over then
	priority  int          // being stopped now; lower ones still run
	result    Result
	culprit   *worker // whose end ended the fleet; nil when asked to stop
}

// startAll wants every program, in the order of priority; or, as long as there are some, those that come first alone.
func (c *course) startAll() {
	if slices.ContainsFunc(c.roster.workers, isFirst) {
		c.budget.phase = preparing
		c.want(isFirst)
		return
	}
	c.budget.phase = serving
	c.want(func(w *worker) bool { return !w.program.Late })
	c.want(func(w *worker) bool { return w.program.Late })
}

func isFirst(w *worker) bool { return w.program.First }

func (c *course) want(which func(*worker) bool) {
	for _, w := range c.roster.workers {
		if which(w) {
			w.wanted = true
			c.supervisor.reconcile(w)
		}
	}
}

// advance looks at the fleet as a whole and goes on to its next phase when this one is over.
func (c *course) advance() {
	switch c.budget.phase {
	case serving, preparing:
		result, culprit := c.outcome()
		if culprit == nil {
			return
		}
		c.result, c.culprit = result, culprit
		c.log.Warn("nothing left to run", "process", culprit.title, "reason", result.Reason, "code", result.Code)
		c.plan()
		c.startStopping()
	case stopping:
		c.stopNext()
	case flushing:
		if len(c.outputs.streams) == 0 {
			c.end()
		}
	case lameDuck, ended:
	}
}

// outcome is how the fleet ends, and by which worker; nil is that it goes on.
func (c *course) outcome() (Result, *worker) {
	if c.budget.phase == preparing {
		return c.prepare()
	}
	return c.roster.done(c.options.ExitOn)
}

// prepare looks at the programs that come first. When all have ended with code 0 they are forgotten and the others are
// started; as soon as one has not, it is what ends the fleet.
func (c *course) prepare() (Result, *worker) {
	for _, w := range c.roster.workers {
		switch {
		case !w.program.First:
		case !w.state.IsFinal():
			return Result{}, nil
		case w.state == lifecycle.StateFatal || w.last.code != 0:
			c.log.Error("nothing is started: prestart failed", "process", w.title, "reason", w.last.reason)
			return w.result(), w
		}
	}
	c.log.Info("prestart done")
	c.roster.workers = slices.DeleteFunc(c.roster.workers, isFirst)
	c.startAll()
	return Result{}, nil
}
