package fleet

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"percore/reaper/alarm"
	"percore/reaper/lifecycle"
)

// maintenance is everything that is done to workers while the fleet serves. It has one queue, and of the queue one job
// is under way: never two maintenance actions at once, whatever asks for them.
type maintenance struct {
	*base
	roster     *roster
	supervisor *supervisor
	budget     *budget

	queue   []*job
	current *job
	tasks   []*task // of the current job, under way
	halt    string  // why the latest rolling restart was halted; empty when it was not
	undone  bool    // that was the one of an update
}

// enqueue adds a job. An ailing worker does not wait for anything but the task under way.
func (m *maintenance) enqueue(j *job) {
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

// replaceAiling has a worker replaced that is not well.
func (m *maintenance) replaceAiling(w *worker, reason string) {
	if m.budget.goesOn() && w.wanted {
		m.enqueue(&job{
			purpose: replacing, reason: w.title + ": " + reason,
			targets: []target{{w: w, incarnation: w.incarnation, wanted: true}},
		})
	}
}

// recycle has a worker replaced as soon as all others are well.
func (m *maintenance) recycle(w *worker, incarnation uint64, reason string) {
	if m.budget.goesOn() && w.incarnation == incarnation && w.alive() && w.wanted && !m.isDue(w) {
		m.enqueue(&job{
			purpose: recycling, reason: w.title + " is past its limit: " + reason,
			targets: []target{{w: w, incarnation: incarnation, wanted: true}},
		})
	}
}

// isDue reports whether this worker is under maintenance, or will be for its own sake.
func (m *maintenance) isDue(w *worker) bool {
	isIt := func(t target) bool { return t.w == w && t.incarnation != 0 }
	return slices.ContainsFunc(m.tasks, func(t *task) bool { return t.w == w && t.stage == lifecycle.StageRetiring }) ||
		slices.ContainsFunc(m.queue, func(j *job) bool { return slices.ContainsFunc(j.targets, isIt) })
}

// advance goes on with the job under way, and begins the next when there is none.
func (m *maintenance) advance() {
	switch {
	case !m.budget.goesOn():
		m.cancel()
		return
	case m.budget.phase == preparing:
		return // there is nothing to maintain yet, and what comes first must not be overtaken
	}
	for {
		m.supervisor.resume()
		for _, t := range m.tasks {
			m.advanceTask(t)
		}
		m.tasks = slices.DeleteFunc(m.tasks, func(t *task) bool { return t.stage.IsEnd() })
		if len(m.tasks) > 0 || !m.beginNext() {
			return
		}
	}
}

// beginNext begins with the next worker, if there is one whose time has come.
func (m *maintenance) beginNext() bool {
	if m.current != nil && len(m.current.targets) == 0 {
		m.conclude(m.current)
	}
	if m.current != nil && len(m.queue) > 0 && m.queue[0].purpose == replacing && m.current.purpose != replacing {
		m.queue = slices.Insert(m.queue, 1, m.current) // it goes on right after
		m.current = nil
	}
	if m.current == nil {
		at := slices.IndexFunc(m.queue, m.mayBegin)
		if at < 0 {
			return false
		}
		m.current = m.queue[at]
		m.queue = slices.Delete(m.queue, at, at+1)
		m.announce(m.current)
	}
	m.beginTasks(m.current)
	return true
}

// mayBegin reports whether a job may be begun now. Recycling can wait for better times.
func (m *maintenance) mayBegin(j *job) bool {
	return j.purpose != recycling || !slices.ContainsFunc(m.roster.workers, func(w *worker) bool {
		return w.program.Traffic && w.wanted && !w.ready && w != j.targets[0].w && !w.state.IsFinal()
	})
}

func (m *maintenance) announce(j *job) {
	if !j.begun.IsZero() {
		return // it was interrupted
	}
	j.begun = time.Now()
	if j.prepare != nil {
		j.prepare(j)
	}
	m.log.Info("maintenance begins", "what", j.purpose.String(), "reason", j.reason, "workers", j.titles())
}

// conclude ends the current job.
func (m *maintenance) conclude(j *job) {
	m.current = nil
	if j.purpose == rolling && !j.halted {
		m.halt = ""
	}
	if !j.halted {
		m.log.Info("maintenance done", "what", j.purpose.String(), "reason", j.reason, "workers", j.done,
			"took", alarm.Words(time.Since(j.begun)))
	}
	m.roster.dismantle()
	if j.operation != nil {
		if j.operation.jobs--; j.operation.jobs == 0 {
			j.operation.end(nil)
		}
	}
}

// cancel makes way for the stop of the whole.
func (m *maintenance) cancel() {
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

// words says what is being done now; empty is nothing.
func (m *maintenance) words() string {
	if m.current == nil {
		return ""
	}
	under := make([]string, 0, len(m.tasks))
	for _, t := range m.tasks {
		under = append(under, t.w.title+" "+t.stage.String())
	}
	return fmt.Sprintf("%s (%s): %s, %d done, %d to come",
		m.current.purpose, m.current.reason, strings.Join(under, " "), m.current.done, len(m.current.targets))
}
