package fleet

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"percore/reaper/lifecycle"
)

// updateByOrder is the verb Replace: programs that are new are started, those that are no longer named are removed,
// and those that mean something else are rolled. A worker keeps what it was started as until its turn comes, and for
// good when the roll halts before: then all of the update is taken back.
func (m *maintenance) updateByOrder(o *operation) {
	if err := m.mayUpdate(o.order.Programs); err != nil {
		o.end(err)
		return
	}
	if o.order.Accepted != nil {
		o.order.Accepted()
	}
	before := m.intentions()
	roll := &job{purpose: rolling, reason: "update", operation: o}
	programs := make([]*Program, 0, len(o.order.Programs))
	for _, p := range o.order.Programs {
		programs = append(programs, m.options.program(p))
		m.adopt(programs[len(programs)-1], roll)
	}
	m.removeUnnamed(programs, o)
	if len(roll.targets) > 0 {
		before = m.noteUpdated(before)
		roll.undo = func() {
			m.undo(before)
			if o.order.Halted != nil {
				o.order.Halted()
			}
		}
		m.enqueue(roll)
		o.jobs++
	}
	if o.jobs == 0 {
		o.end(nil)
	}
}

// mayUpdate says why the fleet cannot go over to these programs now; nil is that it can.
func (m *maintenance) mayUpdate(programs []Program) error {
	if m.isRolling() {
		return ErrBusy
	}
	for _, p := range programs {
		if pool := m.roster.poolFor(&p); pool != nil && pool.program.PortsFrom != p.PortsFrom {
			return fmt.Errorf("%s:%s: ports of a running fleet: %w", p.Group, p.Name, errors.ErrUnsupported)
		}
	}
	return nil
}

// adopt makes a program what its pool is to run, and adds to the roll the workers that have to be restarted for that.
func (m *maintenance) adopt(program *Program, roll *job) {
	p := m.roster.poolFor(program)
	if p == nil {
		m.enqueueScaling(m.roster.addPool(program), "update", roll.operation)
		return
	}
	old := p.program
	p.program = program
	// Its own processes percore changes over the link; stopping them would cut requests.
	restart := !program.Internal && !old.runsAs(program)
	for _, w := range m.roster.workers {
		switch {
		case w.pool != p:
		case w.program.runsAs(program): // maybe since an update that was halted
			w.program, w.next = program, nil
		case restart && w.wanted && w.state != lifecycle.StateExited:
			roll.targets = append(roll.targets, target{w: w, wanted: true})
		default:
			w.inherit()
		}
	}
	if program.Workers != p.size {
		p.size = program.Workers
		m.enqueueScaling(p, "update", roll.operation)
	}
}

// removeUnnamed takes the workers away whose program is not among these; what comes First is there once, whatever is
// updated.
func (m *maintenance) removeUnnamed(programs []*Program, o *operation) {
	for _, p := range m.roster.pools {
		if !slices.ContainsFunc(programs, p.program.isNamed) && p.size > 0 && !p.program.First {
			p.size = 0
			m.enqueueScaling(p, "update", o)
		}
	}
}

// An update holds as a whole or not at all. When its roll halts, what was to be before is to be again: each worker
// that has to be started later is started as before. Processes that run are left alone, those with the new
// configuration, too.

// intention is what a pool was meant to be before an update, and how many workers the update wanted.
type intention struct {
	pool          *pool
	program       *Program
	size, updated int
}

// intentions are those of all pools there are.
func (m *maintenance) intentions() []*intention {
	list := make([]*intention, 0, len(m.roster.pools))
	for _, p := range m.roster.pools {
		list = append(list, &intention{pool: p, program: p.program, size: p.size})
	}
	return list
}

// noteUpdated remembers how many workers there are to be by the update, pools that came with it included.
func (m *maintenance) noteUpdated(before []*intention) []*intention {
	for _, p := range m.roster.pools {
		at := slices.IndexFunc(before, func(i *intention) bool { return i.pool == p })
		if at < 0 {
			before = append(before, &intention{pool: p, program: p.program})
			at = len(before) - 1
		}
		before[at].updated = p.size
	}
	return before
}

// undo goes back to what was meant before an update.
func (m *maintenance) undo(before []*intention) {
	for _, i := range before {
		p := i.pool
		if p.size == i.updated && p.size != i.size { // nothing has scaled it since
			p.size = i.size
			m.enqueueScaling(p, "halted update", nil)
		}
		if p.program == i.program {
			continue
		}
		p.program = i.program
		for _, w := range m.roster.workers {
			if w.pool == p {
				m.fallBack(w)
			}
		}
	}
}

// fallBack has a worker be started as before from now on. One that waits for its next start because the new
// configuration failed need not wait.
func (m *maintenance) fallBack(w *worker) {
	old := w.pool.program
	if w.program.runsAs(old) {
		w.program, w.next = old, nil
		return
	}
	if w.inherit(); w.alive() || !w.wanted {
		return
	}
	w.streak = 0
	switch w.state {
	case lifecycle.StateBackoff:
		m.supervisor.apply(w, lifecycle.EventRetry)
	case lifecycle.StateFatal:
		m.supervisor.apply(w, lifecycle.EventStart)
	case lifecycle.StateStopped, lifecycle.StateStarting, lifecycle.StateRunning, lifecycle.StateExited,
		lifecycle.StateDraining, lifecycle.StateStopping:
	}
}

// haltedUpdate says why an update does not hold, and which workers still run it.
func (m *maintenance) haltedUpdate(reason string) string {
	var newer []string
	for _, w := range m.roster.workers {
		if w.alive() && w.next != nil && !w.program.runsAs(w.next) {
			newer = append(newer, w.title)
		}
	}
	text := "the last update was halted (" + reason + ") and does not hold; workers are started as before it"
	if len(newer) > 0 {
		text += "; until their next start the new configuration is run by " + strings.Join(newer, ", ")
	}
	return text
}
