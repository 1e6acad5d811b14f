package fleet

import (
	"time"

	"percore/reaper/alarm"
)

// stage is how far the maintenance of one worker is.
type stage uint8

// The stages of a task. The last three are its ends.
const (
	retiring  stage = iota // the old process loses its traffic, answers its last requests, and is stopped
	starting               // the new one is on its way to ready
	watching               // it is ready and has to stay so for a while
	finished               // all is well
	failed                 // the new process is no good
	overruled              // somebody else wants something else of the worker
	stages                 // one more than the last
)

// String is the stage as docs/states.md has it.
func (s stage) String() string {
	return [stages]string{"retiring", "starting", "watching", "finished", "failed", "overruled"}[s]
}

func (s stage) isEnd() bool { return s >= finished }

// sight is what is to be seen of the worker of a task after a batch of events.
type sight uint8

const (
	leaving   sight = iota // the old process still lives
	coming                 // a new one is being started, if need be after a death that was not its fault
	serves                 // the new one is ready
	lasted                 // it has been for long enough
	faltered               // it could not be started, was not ready in time, or ended
	gone                   // there is no process and none is wanted
	abandoned              // the worker is wanted no more, or again, against the task
	sights                 // how many there are
)

// String is the sight as docs/states.md has it.
func (s sight) String() string {
	return [sights]string{"leaving", "coming", "serves", "lasted", "faltered", "gone", "abandoned"}[s]
}

// maintenanceTable is the whole behaviour of a task. It is never written to.
var maintenanceTable = [finished][sights]stage{
	retiring: {
		leaving: retiring, coming: starting, serves: watching, lasted: watching, faltered: failed, gone: finished, abandoned: overruled,
	},
	starting: {
		leaving: starting, coming: starting, serves: watching, lasted: watching, faltered: failed, gone: overruled, abandoned: overruled,
	},
	watching: {
		leaving: starting, coming: starting, serves: watching, lasted: finished, faltered: failed, gone: overruled, abandoned: overruled,
	},
}

// watchMax bounds how long a new process is watched, so that a roll of eight workers stays below a minute.
const watchMax = 5 * time.Second

// task is the maintenance of one worker: its replacement, its removal, or its first start.
type task struct {
	w       *worker
	stage   stage
	removal bool
	stops   bool   // there was something to stop
	from    uint64 // the incarnation that was to be replaced
	attempt uint64 // the incarnation that is being started or watched; 0 before there is one
	lasted  bool   // the watch is over
	watch   *alarm.Alarm
}

// look gives what is to be seen now.
func (t *task) look() sight {
	switch {
	case t.removal:
		return t.lookAtRemoval()
	case !t.w.wanted:
		return abandoned
	case t.w.incarnation == t.from && t.w.alive(), t.w.state == StateStopped:
		return leaving
	case t.w.state == StateFatal, t.w.state == StateExited:
		return faltered
	case t.hasFailed():
		return faltered
	case t.w.state != StateRunning:
		return coming
	case !t.w.ready:
		return faltered // it answers no more
	case t.lasted && t.attempt == t.w.incarnation:
		return lasted
	default:
		return serves
	}
}

// hasFailed says whether an incarnation of this task has ended for a reason of its own.
func (t *task) hasFailed() bool {
	ended := t.w.state == StateBackoff || t.attempt != 0 && t.w.incarnation > t.attempt
	return ended && !t.w.last.passing
}

func (t *task) lookAtRemoval() sight {
	switch {
	case t.w.wanted:
		return abandoned
	case t.w.state.final():
		return gone
	default:
		return leaving
	}
}
