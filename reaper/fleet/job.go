package fleet

import (
	"slices"
	"strings"
	"time"

	"percore/reaper/alarm"
	"percore/reaper/lifecycle"
)

// purpose is why a job is done. It decides what the job may interrupt and what a failure means.
type purpose uint8

const (
	rolling   purpose = iota // a rolling restart: halts at the first failure
	replacing                // an ailing worker: before all else, between two workers of a roll too
	recycling                // a worker past a limit: only while all others are ready
	scaling                  // workers more or fewer, all at once
	purposes                 // how many there are
)

// String is the purpose in words.
func (p purpose) String() string {
	return [purposes]string{"rolling restart", "replacement", "recycling", "scaling"}[p]
}

// job is one entry of the maintenance's queue.
type job struct {
	purpose   purpose
	reason    string // in words, for log and status
	targets   []target
	operation *operation // that waits for it; nil is none
	done      int        // workers so far
	halted    bool       // a roll that has failed
	undo      func()     // of an update: takes back what it has changed; nil otherwise
	begun     time.Time
	prepare   func(*job) // finds the targets when the job begins; nil when they are known before
}

// target is a worker that a job is about.
type target struct {
	w           *worker
	incarnation uint64 // void when the worker has another one by then; 0 is any
	removal     bool   // it is to go
	wanted      bool   // it was when the job was ordered; an order to stop it after that counts
}

// isVoid reports whether the worker has another process by now than the one that it was about.
func (t target) isVoid() bool { return t.incarnation != 0 && t.incarnation != t.w.incarnation }

// isRoll reports whether it is a rolling restart that goes on.
func (j *job) isRoll() bool { return j != nil && j.purpose == rolling && !j.halted }

// isUntouchedRoll reports whether it is a rolling restart that has not begun.
func (j *job) isUntouchedRoll() bool { return j.purpose == rolling && j.begun.IsZero() }

// nextTarget takes the worker of which the fleet has the least: one that serves nothing comes first.
func (j *job) nextTarget() target {
	at := max(0, slices.IndexFunc(j.targets, func(t target) bool { return !t.w.ready }))
	next := j.targets[at]
	j.targets = slices.Delete(j.targets, at, at+1)
	return next
}

// tell hands a worker's outcome to the operation that waits for the job.
func (j *job) tell(w *worker, done string, err error) {
	if j.operation != nil {
		j.operation.tell(w.title, done, err)
	}
}

// titles are the workers that are still to come.
func (j *job) titles() string {
	titles := make([]string, 0, len(j.targets))
	for _, t := range j.targets {
		titles = append(titles, t.w.title)
	}
	return strings.Join(titles, " ")
}

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

// hasFailed reports whether an incarnation of this task has ended for a reason of its own.
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

func (t *task) stopWatch() {
	t.lasted = false
	t.watch.Stop()
}

// failure says in words what became of the new process.
func (t *task) failure() string {
	if t.w.state == lifecycle.StateRunning {
		return "fails its health check"
	}
	return t.w.last.reason
}
