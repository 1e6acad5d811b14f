package fleet

import (
	"fmt"
	"slices"

	"percore/reaper/lifecycle"
)

// beginTasks begins with the next target, or with all of them where nothing has to be spared.
func (m *maintenance) beginTasks(j *job) {
	for len(j.targets) > 0 {
		target := j.nextTarget()
		if target.isVoid() || !slices.Contains(m.roster.workers, target.w) {
			continue // another job was faster
		}
		if target.wanted && !target.w.wanted {
			target.w.inherit()
			j.tell(target.w, "started", ErrOverruled)
			continue
		}
		t := &task{w: target.w, from: target.w.incarnation, removal: target.removal, stops: !target.w.state.IsFinal()}
		m.tasks = append(m.tasks, t)
		m.beginTask(t)
		if j.purpose != scaling {
			return
		}
	}
}

func (m *maintenance) beginTask(t *task) {
	w := t.w
	w.wanted, w.leaving, w.next = !t.removal, t.removal, w.pool.program
	w.streak = 0
	switch {
	case w.state.IsFinal():
		w.takeNext()
		if w.wanted {
			m.supervisor.apply(w, lifecycle.EventStart)
		}
	case w.hung:
		m.supervisor.apply(w, lifecycle.EventStop) // its requests will not be answered
	default:
		m.supervisor.retire(w)
	}
}

// advanceTask takes a task as far as it can go by now.
func (m *maintenance) advanceTask(t *task) {
	for !t.stage.IsEnd() {
		from := t.stage
		t.stage = from.Next(t.look())
		if t.w.incarnation > t.from {
			t.attempt = t.w.incarnation
		}
		if t.stage == from {
			return
		}
		m.enterStage(t, from)
	}
}

// enterStage does what a new stage begins with.
func (m *maintenance) enterStage(t *task, from lifecycle.Stage) {
	j := m.current
	if from == lifecycle.StageRetiring && t.stops && t.stage != lifecycle.StageOverruled {
		j.tell(t.w, "stopped", nil)
	}
	t.stopWatch()
	switch t.stage {
	case lifecycle.StageWatching:
		m.watchTask(t, j)
	case lifecycle.StageFinished:
		m.succeed(t, j)
	case lifecycle.StageFailed:
		m.fail(t, j)
	case lifecycle.StageOverruled:
		j.tell(t.w, "started", ErrOverruled)
	case lifecycle.StageRetiring, lifecycle.StageStarting, lifecycle.Stages:
	}
}

// watchTask gives the new process time to fail. Workers that were only added are not watched.
func (m *maintenance) watchTask(t *task, j *job) {
	t.attempt = t.w.incarnation
	if j.purpose == scaling || t.w.program.StartSecs <= 0 {
		t.lasted = true
		return
	}
	attempt := t.attempt
	t.watch = m.clock.Allow(min(t.w.program.StartSecs, watchMax), func() { t.lasted = t.attempt == attempt })
}

func (m *maintenance) succeed(t *task, j *job) {
	j.done++
	if !t.removal {
		j.tell(t.w, "started", nil)
	}
}

// fail ends a roll at once: the workers that still have the old version are all that works.
func (m *maintenance) fail(t *task, j *job) {
	reason := fmt.Sprintf("%s: %s", t.w.title, t.failure())
	j.tell(t.w, "started", t.w.failedToStart())
	if j.purpose != rolling {
		m.log.Warn("maintenance failed", "what", j.purpose.String(), "reason", reason)
		return
	}
	m.haltRoll(j, reason)
}

// haltRoll ends a roll, and those that were to follow: what they would bring into effect is the same.
func (m *maintenance) haltRoll(j *job, reason string) {
	m.halt, m.undone = reason, j.undo != nil
	holds := "the others run on"
	if m.undone {
		holds = "the others run on; workers are started as before the update"
	}
	m.log.Error("rolling restart halted", "reason", reason, "replaced", j.done, "kept", j.titles(), "holds", holds)
	j.targets, j.halted = nil, true
	if m.undone {
		j.undo()
	}
	var halted []*job
	m.queue = slices.DeleteFunc(m.queue, func(other *job) bool {
		if other.purpose == rolling {
			halted = append(halted, other)
		}
		return other.purpose == rolling
	})
	for _, roll := range append(halted, j) {
		if roll.operation != nil {
			roll.operation.end(fmt.Errorf("%w: %s", ErrHalted, reason))
			roll.operation = nil
		}
	}
}
