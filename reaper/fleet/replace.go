package fleet

import (
	"errors"
	"fmt"
	"slices"

	"percore/reaper/lifecycle"
)

// replaceByOrder is the verb Replace: programs that are new are started, those that are no longer named are removed, and those that mean something
// else are rolled. A worker keeps what it was started as until its turn comes, and for good when the roll halts before: then all of
// the update is taken back.
func (f *Fleet) replaceByOrder(e *operation) {
	if f.isRolling() {
		e.end(ErrBusy)
		return
	}
	for _, p := range e.order.Programs {
		if c := f.poolNamed(p); c != nil && c.program.PortsFrom != p.PortsFrom {
			e.end(fmt.Errorf("%s:%s: ports of a running fleet: %w", p.Group, p.Name, errors.ErrUnsupported))
			return
		}
	}
	if e.order.Accepted != nil {
		e.order.Accepted()
	}
	before := f.intentions()
	roll := &job{purpose: rolling, reason: "update", operation: e}
	for _, p := range e.order.Programs {
		f.adopt(f.options.program(p), roll)
	}
	for _, c := range f.pools {
		named := slices.ContainsFunc(e.order.Programs, func(p Program) bool { return c.is(p) })
		if !named && c.size > 0 && !c.program.First {
			c.size = 0
			f.enqueueScaling(c, "update", e)
		}
	}
	if len(roll.targets) > 0 {
		before = f.noteUpdated(before)
		roll.undo = func() {
			f.undo(before)
			if e.order.Halted != nil {
				e.order.Halted()
			}
		}
		f.enqueue(roll)
		e.jobs++
	}
	if e.jobs == 0 {
		e.end(nil)
	}
}

// adopt makes a program what its pool is to run, and adds to the roll whoever has to be restarted for that.
func (f *Fleet) adopt(p *Program, roll *job) {
	c := f.poolNamed(*p)
	if c == nil {
		c = &pool{program: p, order: len(f.pools), size: p.Workers}
		f.pools = append(f.pools, c)
		f.enqueueScaling(c, "update", roll.operation)
		return
	}
	old := c.program
	c.program = p
	restart := !p.Internal && !sameProcess(*old, *p) // its own processes percore changes over the link, and stopping them cuts requests
	for _, w := range f.workers {
		switch {
		case w.pool != c:
		case sameProcess(*w.program, *p): // maybe since an update that was halted
			w.program, w.next = p, nil
		case restart && w.wanted && w.state != lifecycle.StateExited:
			roll.targets = append(roll.targets, target{w: w, wanted: true})
		default:
			w.inherit()
		}
	}
	if p.Workers != c.size {
		c.size = p.Workers
		f.enqueueScaling(c, "update", roll.operation)
	}
}

func (f *Fleet) enqueueScaling(c *pool, reason string, e *operation) {
	if e != nil {
		e.jobs++
	}
	f.enqueue(&job{purpose: scaling, reason: reason, operation: e, prepare: func(j *job) { f.prepareScaling(c, j) }})
}

func (f *Fleet) poolNamed(p Program) *pool {
	if i := slices.IndexFunc(f.pools, func(c *pool) bool { return c.is(p) }); i >= 0 {
		return f.pools[i]
	}
	return nil
}

func (c *pool) is(p Program) bool { return c.program.Group == p.Group && c.program.Name == p.Name }
