package fleet

import (
	"cmp"
	"fmt"
	"slices"
)

// pool is the workers of one program, as many as there are meant to be. A slot that is removed keeps its history for its return.
type pool struct {
	program *Program
	order   int // among programs of the same priority
	size    int // slots that are meant to be there: 0 … size-1
	absent  []*worker
	served  bool    // some worker has been ready, or has lasted where that is not asked for
	canary  *worker // as long as none has: the one of those that failed that is tried again
}

// addPool makes the slots of a new pool.
func (f *Fleet) addPool(p Program) *pool {
	program := f.options.program(p)
	c := &pool{program: program, order: len(f.pools), size: program.Workers}
	f.pools = append(f.pools, c)
	f.fill(c)
	return c
}

// fill gives every slot of a pool that is not there a worker, and returns these.
func (f *Fleet) fill(c *pool) []*worker {
	var added []*worker
	for index := range c.size {
		isIt := func(w *worker) bool { return w.pool == c && w.index == index }
		if slices.ContainsFunc(f.workers, isIt) {
			continue
		}
		w := c.slot(index)
		_ = f.assignSocket(w) // OpenSockets tells why not, and so does the attempt to start it
		if c.program.Traffic {
			w.endpoint = f.freeEndpoint()
		}
		f.workers = append(f.workers, w)
		added = append(added, w)
	}
	slices.SortStableFunc(f.workers, compareWorkers)
	return added
}

// slot is the worker that had this place before, or a new one. An order to drain it ended when it went.
func (c *pool) slot(index int) *worker {
	at := slices.IndexFunc(c.absent, func(w *worker) bool { return w.index == index })
	if at < 0 {
		return newWorker(c, index)
	}
	w := c.absent[at]
	c.absent = slices.Delete(c.absent, at, at+1)
	w.program, w.withheld = c.program, false
	return w
}

func compareWorkers(a, b *worker) int {
	return cmp.Or(cmp.Compare(a.program.Priority, b.program.Priority), cmp.Compare(a.pool.order, b.pool.order), cmp.Compare(a.index, b.index))
}

func (f *Fleet) freeEndpoint() int {
	for index := 0; ; index++ {
		if !slices.ContainsFunc(f.workers, func(w *worker) bool { return w.endpoint == index }) {
			return index
		}
	}
}

// dismantle forgets the slots that have been removed.
func (f *Fleet) dismantle() {
	f.workers = slices.DeleteFunc(f.workers, func(w *worker) bool {
		gone := w.isSurplus() && w.state.IsFinal()
		if gone {
			w.endpoint = -1
			w.pool.absent = append(w.pool.absent, w)
		}
		return gone
	})
}

// isSurplus says whether its pool is meant to be without it.
func (w *worker) isSurplus() bool { return w.index >= w.pool.size }

// Grow changes the number of workers that get traffic by this many, which may be below 0; at least one stays. It is safe
// from any goroutine.
func (f *Fleet) Grow(by int, reason string) {
	f.mail.post(func() {
		if c := f.poolOf(""); c != nil {
			f.resize(c, c.size+by, reason, nil)
		}
	})
}

// Resize changes that number to n. It is safe from any goroutine.
func (f *Fleet) Resize(n int, reason string) {
	f.mail.post(func() {
		if c := f.poolOf(""); c != nil && c.size != n {
			f.resize(c, n, reason, nil)
		}
	})
}

// scaleByOrder is the verb Scale.
func (f *Fleet) scaleByOrder(e *operation) {
	c := f.poolOf(e.order.Group)
	if c == nil {
		e.end(fmt.Errorf("%s: %w", e.order.Group, ErrNoProcess))
		return
	}
	if c.program.Internal {
		e.end(ErrOwn)
		return
	}
	count := e.order.Count
	if e.order.Relative {
		count += c.size
	}
	f.resize(c, count, "by order", e)
}

// poolOf finds a group by its name; without a name, the first one that is not percore's own, traffic before all else.
func (f *Fleet) poolOf(group string) *pool {
	var first *pool
	for _, c := range f.pools {
		switch {
		case group != "" && c.program.Group == group, group == "" && c.program.Traffic && c.size > 0:
			return c
		case group == "" && !c.program.Internal && first == nil:
			first = c
		}
	}
	return first
}

// resize sets the size that a pool is meant to have, and lets the maintenance see to it.
func (f *Fleet) resize(c *pool, size int, reason string, e *operation) {
	err := error(nil)
	switch {
	case f.shutdown.phase != serving:
		err = ErrStopping
	case size < 1 || size > c.program.WorkersMax:
		err = fmt.Errorf("%d workers: %w: 1 to %d", size, ErrRange, c.program.WorkersMax)
	}
	if err != nil {
		f.log.Warn("number of workers stays", "group", c.program.Group, "workers", c.size, "reason", reason, "err", err)
		if e != nil {
			e.end(err)
		}
		return
	}
	f.log.Info("number of workers changes", "group", c.program.Group, "from", c.size, "to", size, "reason", reason)
	c.size = size
	f.enqueueScaling(c, reason, e)
}

// prepareScaling finds out what has to come or to go, as several changes may have been ordered meanwhile.
func (f *Fleet) prepareScaling(c *pool, j *job) {
	for _, w := range f.workers {
		switch {
		case w.pool != c:
		case w.isSurplus():
			j.targets = append(j.targets, target{w: w, removal: true})
		case w.leaving: // it was to go, and is wanted again
			w.withheld = false
			j.targets = append(j.targets, target{w: w})
		}
	}
	for _, w := range f.fill(c) {
		j.targets = append(j.targets, target{w: w})
	}
}
