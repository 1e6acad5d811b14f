package fleet

import (
	"slices"
	"strings"

	"percore/reaper/lifecycle"
)

// A fleet whose workers all fail at their first start mostly has one reason for it. As long as no worker of a pool has served, one of
// those that failed is tried again, the canary, and the others wait for what becomes of it: the log tells the reason four
// times with eight workers as with one.

// waits says whether a worker that has failed is to wait for another one's tries. Where there is none it becomes the canary itself.
func (f *Fleet) waits(w *worker) bool {
	c := w.pool
	if c.served || w.streak == 0 || w.program.Internal {
		return false
	}
	if !f.isTried(c.canary) {
		c.canary = w
	}
	return c.canary != w
}

// isTried says whether a canary is still on its way to success or failure.
func (f *Fleet) isTried(w *worker) bool {
	return w != nil && w.wanted && w.streak > 0 && !w.state.IsFinal() && slices.Contains(f.workers, w)
}

// isSpentFor says whether the canary has failed for good, and as this worker did: then it would be no use to try this one.
func (c *pool) isSpentFor(w *worker) bool {
	canary := c.canary
	return canary != nil && canary != w && !c.served && w.streak > 0 && canary.state == lifecycle.StateFatal && canary.last.judged == lifecycle.EventExhausted && canary.last.code == w.last.code
}

// releaseWaiting goes on with workers that have waited for a canary: they are tried when it serves, and given up when it is.
func (f *Fleet) releaseWaiting() {
	var givenUp []string
	for _, w := range f.workers {
		switch {
		case w.state != lifecycle.StateBackoff:
		case w.pool.isSpentFor(w):
			w.last.judged = lifecycle.EventExhausted
			f.apply(w, lifecycle.EventExhausted)
			givenUp = append(givenUp, w.title)
		case w.held && !f.waits(w):
			w.held = false
			f.apply(w, lifecycle.EventRetry)
		}
	}
	if len(givenUp) > 0 {
		f.log.Warn("workers are given up: the one that was tried again failed as they did", "processes", strings.Join(givenUp, " "))
	}
}
