package fleet

import "fmt"

// resize sets the size that a pool is meant to have, and lets the maintenance see to it. An operation that waits for
// it is told.
func (m *maintenance) resize(p *pool, size int, reason string, o *operation) {
	err := error(nil)
	switch {
	case !m.budget.goesOn():
		err = ErrStopping
	case size < 1 || size > p.program.WorkersMax:
		err = fmt.Errorf("%d workers: %w: 1 to %d", size, ErrRange, p.program.WorkersMax)
	}
	if err != nil {
		m.log.Warn("number of workers stays", "group", p.program.Group, "workers", p.size, "reason", reason, "err", err)
		if o != nil {
			o.end(err)
		}
		return
	}
	m.log.Info("number of workers changes", "group", p.program.Group, "from", p.size, "to", size, "reason", reason)
	p.size = size
	m.enqueueScaling(p, reason, o)
}

func (m *maintenance) enqueueScaling(p *pool, reason string, o *operation) {
	if o != nil {
		o.jobs++
	}
	m.enqueue(&job{purpose: scaling, reason: reason, operation: o, prepare: func(j *job) { m.prepareScaling(p, j) }})
}

// prepareScaling finds out what has to come or to go, as several changes may have been ordered meanwhile.
func (m *maintenance) prepareScaling(p *pool, j *job) {
	for _, w := range m.roster.workers {
		switch {
		case w.pool != p:
		case w.isSurplus():
			j.targets = append(j.targets, target{w: w, removal: true})
		case w.leaving: // it was to go, and is wanted again
			w.withheld = false
			j.targets = append(j.targets, target{w: w})
		}
	}
	for _, w := range m.roster.fill(p) {
		j.targets = append(j.targets, target{w: w})
	}
}
