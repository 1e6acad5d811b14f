package fleet

import (
	"slices"

	"percore/reaper/lifecycle"
)

// Roll replaces all workers, one after another, as a rolling restart; reason is for the log. Those that were stopped by
// order and those that have done their work stay as they are. It is safe from any goroutine. A call while
// a roll is under way has another one follow: what it was to bring into effect may have come too late for the first workers.
func (f *Fleet) Roll(reason string) {
	f.mail.post(func() {
		if f.shutdown.phase != serving {
			return
		}
		if f.preparing {
			f.log.Info("there is nothing to restart yet", "reason", reason)
			return
		}
		if slices.ContainsFunc(f.maintenance.queue, isUntouchedRoll) {
			f.log.Info("a rolling restart is due already", "reason", reason)
			return
		}
		j := &job{purpose: rolling, reason: reason}
		for _, w := range f.workers {
			if w.wanted && !w.program.Internal && w.state != lifecycle.StateExited {
				j.targets = append(j.targets, target{w: w, wanted: true})
			}
		}
		f.enqueue(j)
	})
}

func isUntouchedRoll(j *job) bool { return j.purpose == rolling && j.begun.IsZero() }

// rollByOrder is the verb Restart.
func (f *Fleet) rollByOrder(e *operation, workers []*worker) {
	if f.isRolling() {
		e.end(ErrBusy)
		return
	}
	j := &job{purpose: rolling, reason: "by order", operation: e}
	for _, w := range workers {
		j.targets = append(j.targets, target{w: w, wanted: w.wanted})
	}
	f.enqueue(j)
	e.jobs++
}

// isRolling says whether a roll is under way or due.
func (f *Fleet) isRolling() bool {
	isRoll := func(j *job) bool { return j != nil && j.purpose == rolling && !j.halted }
	return isRoll(f.maintenance.current) || slices.ContainsFunc(f.maintenance.queue, isRoll)
}
