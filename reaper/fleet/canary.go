package fleet

import (
	"slices"
	"strings"

	"percore/reaper/lifecycle"
)

// A fleet whose workers all fail at their first start mostly has one reason for it. As long as no worker of a pool
// has served, one of those that failed is tried again, the canary, and the others wait for what becomes of it: the
// log tells the reason four times with eight workers as with one.

// waits reports whether a worker that has failed is to wait for another one's tries. Where there is none it becomes
// the canary itself.
func (s *supervisor) waits(w *worker) bool {
	p := w.pool
	if p.served || w.streak == 0 || w.program.Internal {
		return false
	}
	if !s.isTried(p.canary) {
		p.canary = w
	}
	return p.canary != w
}

// isTried reports whether a canary is still on its way to success or failure.
func (s *supervisor) isTried(w *worker) bool {
	return w != nil && w.wanted && w.streak > 0 && !w.state.IsFinal() && slices.Contains(s.roster.workers, w)
}

// isSpentFor reports whether the canary has failed for good, and as this worker did: then it would be no use to try
// this one.
func (p *pool) isSpentFor(w *worker) bool {
	c := p.canary
	return c != nil && c != w && !p.served && w.streak > 0 &&
		c.state == lifecycle.StateFatal && c.last.judged == lifecycle.EventExhausted && c.last.code == w.last.code
}

// releaseWaiting goes on with workers that have waited for a canary: they are tried when it serves, and given up when
// it is.
func (s *supervisor) releaseWaiting() {
	var givenUp []string
	for _, w := range s.roster.workers {
		switch {
		case w.state != lifecycle.StateBackoff:
		case w.pool.isSpentFor(w):
			w.last.judged = lifecycle.EventExhausted
			s.apply(w, lifecycle.EventExhausted)
			givenUp = append(givenUp, w.title)
		case w.waitsForCanary() && !s.waits(w):
			s.apply(w, lifecycle.EventRetry)
		}
	}
	if len(givenUp) > 0 {
		s.log.Warn("workers are given up: the one that was tried again failed as they did",
			"processes", strings.Join(givenUp, " "))
	}
}
