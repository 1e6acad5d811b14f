package fleet

import (
	"time"

	"percore/reaper/alarm"
	"percore/reaper/lifecycle"
)

// watchMax bounds how long a new process is watched, so that a roll of eight workers stays below a minute.
const watchMax = 5 * time.Second

// task is the maintenance of one worker: its replacement, its removal, or its first start.
type task struct {
	w       *worker
	stage   lifecycle.Stage
	removal bool
	stops   bool   // there was something to stop
	from    uint64 // the incarnation that was to be replaced
	attempt uint64 // the incarnation that is being started or watched; 0 before there is one
	lasted  bool   // the watch is over
	watch   *alarm.Alarm
}

// look gives what is to be seen now.
func (t *task) look() lifecycle.Observation {
	switch {
	case t.removal:
		return t.lookAtRemoval()
	case !t.w.wanted:
		return lifecycle.SeenAbandoned
	case t.w.incarnation == t.from && t.w.alive(), t.w.state == lifecycle.StateStopped:
		return lifecycle.SeenLeaving
	case t.w.state == lifecycle.StateFatal, t.w.state == lifecycle.StateExited:
		return lifecycle.SeenFaltering
	case t.hasFailed():
		return lifecycle.SeenFaltering
	case t.w.state != lifecycle.StateRunning:
		return lifecycle.SeenComing
	case !t.w.ready:
		return lifecycle.SeenFaltering // it answers no more
	case t.lasted && t.attempt == t.w.incarnation:
		return lifecycle.SeenLasting
	default:
		return lifecycle.SeenServing
	}
}

// hasFailed says whether an incarnation of this task has ended for a reason of its own.
func (t *task) hasFailed() bool {
	ended := t.w.state == lifecycle.StateBackoff || t.attempt != 0 && t.w.incarnation > t.attempt
	return ended && !t.w.last.passing
}

func (t *task) lookAtRemoval() lifecycle.Observation {
	switch {
	case t.w.wanted:
		return lifecycle.SeenAbandoned
	case t.w.state.IsFinal():
		return lifecycle.SeenGone
	default:
		return lifecycle.SeenLeaving
	}
}
