package fleet

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"percore/reaper/lifecycle"
)

// maintenance is everything that is done to workers while the fleet serves. It has one queue, and of the queue one job
// is under way: never two maintenance actions at once, whoever asks for them.
type maintenance struct {
	queue   []*job
	current *job
	tasks   []*task // of the current job, under way
	halt    string  // why the latest rolling restart was halted; empty when it was not
	undone  bool    // that was the one of an update
}

// purpose is why a job is done. It decides what the job may interrupt and what a failure means.
type purpose uint8

const (
	rolling   purpose = iota // a rolling restart: halts at the first failure
	replacing                // an ailing worker: before all else, between two workers of a roll too
	recycling                // a worker past a limit: only while all others are ready
	scaling                  // workers more or fewer, all at once
)

// job is one entry of the queue.
type job struct {
	purpose   purpose
	reason    string // in words, for log and status
	targets   []target
	operation *operation // who waits for it; nil is nobody
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
	wanted      bool   // it was when the job was ordered; whoever stops it after that means it
}

// enqueue adds a job. An ailing worker does not wait for anything but the task under way.
func (f *Fleet) enqueue(j *job) {
	m := &f.maintenance
	if j.purpose != replacing {
		m.queue = append(m.queue, j)
		return
	}
	at := slices.IndexFunc(m.queue, func(other *job) bool { return other.purpose != replacing })
	if at < 0 {
		at = len(m.queue)
	}
	m.queue = slices.Insert(m.queue, at, j)
}

// maintain goes on with the job under way, and begins the next when there is none.
func (f *Fleet) maintain() {
	m := &f.maintenance
	switch {
	case f.shutdown.phase != serving:
		f.cancelMaintenance()
		return
	case f.preparing:
		return // there is nothing to maintain yet, and what comes first must not be overtaken
	}
	for {
		f.resume()
		for _, t := range m.tasks {
			f.advanceTask(t)
		}
		m.tasks = slices.DeleteFunc(m.tasks, func(t *task) bool { return t.stage.IsEnd() })
		if len(m.tasks) > 0 || !f.beginNext() {
			return
		}
	}
}

// beginNext begins with the next worker, if there is one whose time has come.
func (f *Fleet) beginNext() bool {
	m := &f.maintenance
	if m.current != nil && len(m.current.targets) == 0 {
		f.conclude(m.current)
	}
	if m.current != nil && len(m.queue) > 0 && m.queue[0].purpose == replacing && m.current.purpose != replacing {
		m.queue = slices.Insert(m.queue, 1, m.current) // it goes on right after
		m.current = nil
	}
	if m.current == nil {
		at := slices.IndexFunc(m.queue, f.mayBegin)
		if at < 0 {
			return false
		}
		m.current = m.queue[at]
		m.queue = slices.Delete(m.queue, at, at+1)
		f.announce(m.current)
	}
	f.beginTasks(m.current)
	return true
}

// mayBegin says whether a job may be begun now. Recycling can wait for better times.
func (f *Fleet) mayBegin(j *job) bool {
	return j.purpose != recycling || !slices.ContainsFunc(f.workers, func(w *worker) bool {
		return w.program.Traffic && w.wanted && !w.ready && w != j.targets[0].w && !w.state.IsFinal()
	})
}

func (f *Fleet) announce(j *job) {
	if !j.begun.IsZero() {
		return // it was interrupted
	}
	j.begun = time.Now()
	if j.prepare != nil {
		j.prepare(j)
	}
	f.log.Info("maintenance begins", "what", j.purpose.String(), "reason", j.reason, "workers", j.titles())
}

// beginTasks begins with the next target, or with all of them where nothing has to be spared.
func (f *Fleet) beginTasks(j *job) {
	for len(j.targets) > 0 {
		target := j.nextTarget()
		if target.incarnation != 0 && target.incarnation != target.w.incarnation || !slices.Contains(f.workers, target.w) {
			continue // somebody was faster
		}
		if target.wanted && !target.w.wanted {
			target.w.inherit()
			j.tell(target.w, "started", ErrOverruled)
			continue
		}
		t := &task{w: target.w, from: target.w.incarnation, removal: target.removal, stops: !target.w.state.IsFinal()}
		f.maintenance.tasks = append(f.maintenance.tasks, t)
		f.beginTask(t)
		if j.purpose != scaling {
			return
		}
	}
}

// nextTarget takes the worker of which the fleet has the least: one that serves nobody comes first.
func (j *job) nextTarget() target {
	at := max(0, slices.IndexFunc(j.targets, func(t target) bool { return !t.w.ready }))
	next := j.targets[at]
	j.targets = slices.Delete(j.targets, at, at+1)
	return next
}

func (f *Fleet) beginTask(t *task) {
	w := t.w
	w.wanted, w.leaving, w.next = !t.removal, t.removal, w.pool.program
	if w.state.IsFinal() {
		w.streak = 0
		w.takeNext()
		if w.wanted {
			f.apply(w, lifecycle.EventStart)
		}
		return
	}
	w.streak = 0
	if w.hung {
		f.apply(w, lifecycle.EventStop) // its requests will not be answered
		return
	}
	f.retire(w)
}

// advanceTask takes a task as far as it can go by now.
func (f *Fleet) advanceTask(t *task) {
	for !t.stage.IsEnd() {
		from := t.stage
		t.stage = from.Next(t.look())
		if t.w.incarnation > t.from {
			t.attempt = t.w.incarnation
		}
		if t.stage == from {
			return
		}
		f.enterStage(t, from)
	}
}

// enterStage does what a new stage begins with.
func (f *Fleet) enterStage(t *task, from lifecycle.Stage) {
	j := f.maintenance.current
	if from == lifecycle.StageRetiring && t.stops && t.stage != lifecycle.StageOverruled {
		j.tell(t.w, "stopped", nil)
	}
	t.stopWatch()
	switch t.stage {
	case lifecycle.StageWatching:
		f.watchTask(t, j)
	case lifecycle.StageFinished:
		f.succeed(t, j)
	case lifecycle.StageFailed:
		f.fail(t, j)
	case lifecycle.StageOverruled:
		j.tell(t.w, "started", ErrOverruled)
	case lifecycle.StageRetiring, lifecycle.StageStarting, lifecycle.Stages:
	}
}

// watchTask gives the new process time to fail. Workers that were only added are not watched.
func (f *Fleet) watchTask(t *task, j *job) {
	t.attempt = t.w.incarnation
	if j.purpose == scaling || t.w.program.StartSecs <= 0 {
		t.lasted = true
		return
	}
	attempt := t.attempt
	t.watch = f.clock.Allow(min(t.w.program.StartSecs, watchMax), func() { t.lasted = t.attempt == attempt })
}

func (t *task) stopWatch() {
	t.lasted = false
	t.watch.Stop()
}

func (f *Fleet) succeed(t *task, j *job) {
	j.done++
	if !t.removal {
		j.tell(t.w, "started", nil)
	}
}

// fail ends a roll at once: the workers that still have the old version are all that works.
func (f *Fleet) fail(t *task, j *job) {
	reason := fmt.Sprintf("%s: %s", t.w.title, t.failure())
	j.tell(t.w, "started", t.w.failedToStart())
	if j.purpose != rolling {
		f.log.Warn("maintenance failed", "what", j.purpose.String(), "reason", reason)
		return
	}
	f.halt(j, reason)
}

// halt ends a roll, and those that were to follow: what they would bring into effect is the same.
func (f *Fleet) halt(j *job, reason string) {
	m := &f.maintenance
	m.halt, m.undone = reason, j.undo != nil
	holds := "the others run on"
	if m.undone {
		holds = "the others run on; workers are started as before the update"
	}
	f.log.Error("rolling restart halted", "reason", reason, "replaced", j.done, "kept", j.titles(), "holds", holds)
	j.targets, j.halted = nil, true
	if m.undone {
		j.undo()
	}
	halted := append(slices.DeleteFunc(slices.Clone(m.queue), func(other *job) bool { return other.purpose != rolling }), j)
	m.queue = slices.DeleteFunc(m.queue, func(other *job) bool { return other.purpose == rolling })
	for _, roll := range halted {
		if roll.operation != nil {
			roll.operation.end(fmt.Errorf("%w: %s", ErrHalted, reason))
			roll.operation = nil
		}
	}
}

// failure says in words what became of the new process.
func (t *task) failure() string {
	if t.w.state == lifecycle.StateRunning {
		return "fails its health check"
	}
	return t.w.last.reason
}

// conclude ends the current job.
func (f *Fleet) conclude(j *job) {
	f.maintenance.current = nil
	if j.purpose == rolling && !j.halted {
		f.maintenance.halt = ""
	}
	if !j.halted {
		f.log.Info("maintenance done", "what", j.purpose.String(), "reason", j.reason, "workers", j.done, "took", words(time.Since(j.begun)))
	}
	f.dismantle()
	if j.operation != nil {
		if j.operation.jobs--; j.operation.jobs == 0 {
			j.operation.end(nil)
		}
	}
}

// cancelMaintenance makes way for the stop of the whole.
func (f *Fleet) cancelMaintenance() {
	m := &f.maintenance
	for _, t := range m.tasks {
		t.stopWatch()
	}
	jobs := m.queue
	if m.current != nil {
		jobs = append(jobs, m.current)
	}
	for _, j := range jobs {
		if j.operation != nil {
			j.operation.end(ErrStopping)
		}
	}
	m.queue, m.current, m.tasks = nil, nil, nil
}

func (j *job) tell(w *worker, done string, err error) {
	if j.operation != nil {
		j.operation.tell(w, done, err)
	}
}

func (j *job) titles() string {
	var titles []string
	for _, t := range j.targets {
		titles = append(titles, t.w.title)
	}
	return strings.Join(titles, " ")
}

// String is the purpose in words.
func (p purpose) String() string {
	return [...]string{"rolling restart", "replacement", "recycling", "scaling"}[p]
}

// words says what is being done now; empty is nothing.
func (m *maintenance) words() string {
	if m.current == nil {
		return ""
	}
	var under []string
	for _, t := range m.tasks {
		under = append(under, t.w.title+" "+t.stage.String())
	}
	return fmt.Sprintf("%s (%s): %s, %d done, %d to come", m.current.purpose, m.current.reason, strings.Join(under, " "), m.current.done, len(m.current.targets))
}
