package fleet

import (
	"slices"

	"percore/reaper/lifecycle"
)

// roll replaces all workers, one after another. Those that were stopped by order and those that have done their work
// stay as they are.
func (m *maintenance) roll(reason string) {
	if !m.budget.goesOn() {
		return
	}
	if m.budget.phase == preparing {
		m.log.Info("there is nothing to restart yet", "reason", reason)
		return
	}
	if slices.ContainsFunc(m.queue, (*job).isUntouchedRoll) {
		m.log.Info("a rolling restart is due already", "reason", reason)
		return
	}
	j := &job{purpose: rolling, reason: reason}
	for _, w := range m.roster.workers {
		if w.wanted && !w.program.Internal && w.state != lifecycle.StateExited {
			j.targets = append(j.targets, target{w: w, wanted: true})
		}
	}
	m.enqueue(j)
}

// rollByOrder is the verb Restart.
func (m *maintenance) rollByOrder(o *operation, workers []*worker) {
	if m.isRolling() {
		o.end(ErrBusy)
		return
	}
	j := &job{purpose: rolling, reason: "by order", operation: o}
	for _, w := range workers {
		j.targets = append(j.targets, target{w: w, wanted: w.wanted})
	}
	m.enqueue(j)
	o.jobs++
}

// isRolling reports whether a roll is under way or due.
func (m *maintenance) isRolling() bool {
	return m.current.isRoll() || slices.ContainsFunc(m.queue, (*job).isRoll)
}
