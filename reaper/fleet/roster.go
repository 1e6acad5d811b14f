package fleet

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"percore/reaper/socket"
)

// roster is the workers that there are, by the pools that they belong to.
type roster struct {
	workers []*worker // in the order of their start
	pools   []*pool   // in the order of their programs
	sockets *socket.Folders
}

// addPool makes a pool, as yet without workers.
func (r *roster) addPool(program *Program) *pool {
	p := &pool{program: program, order: len(r.pools), size: program.Workers}
	r.pools = append(r.pools, p)
	return p
}

// fill gives every slot of a pool that is not there a worker, and returns these.
func (r *roster) fill(p *pool) []*worker {
	var added []*worker
	for index := range p.size {
		isIt := func(w *worker) bool { return w.pool == p && w.index == index }
		if slices.ContainsFunc(r.workers, isIt) {
			continue
		}
		w := p.slot(index)
		_ = r.assignSocket(w) // OpenSockets tells why not, and so does the attempt to start it
		if p.program.Traffic {
			w.seat = r.freeSeat()
		}
		r.workers = append(r.workers, w)
		added = append(added, w)
	}
	slices.SortStableFunc(r.workers, compareWorkers)
	return added
}

// slot is the worker that had this place before, or a new one. An order to drain it ended when it went.
func (p *pool) slot(index int) *worker {
	at := slices.IndexFunc(p.absent, func(w *worker) bool { return w.index == index })
	if at < 0 {
		return newWorker(p, index)
	}
	w := p.absent[at]
	p.absent = slices.Delete(p.absent, at, at+1)
	w.program, w.withheld = p.program, false
	return w
}

func compareWorkers(a, b *worker) int {
	return cmp.Or(
		cmp.Compare(a.program.Priority, b.program.Priority), cmp.Compare(a.pool.order, b.pool.order),
		cmp.Compare(a.index, b.index),
	)
}

func (r *roster) freeSeat() int {
	for seat := 0; ; seat++ {
		if !slices.ContainsFunc(r.workers, func(w *worker) bool { return w.seat == seat }) {
			return seat
		}
	}
}

// assignSocket gives a worker that listens on a unix socket its path, for life.
func (r *roster) assignSocket(w *worker) (err error) {
	if w.program.Sockets && w.socket == "" {
		w.socket, err = r.sockets.Assign(w.name)
	}
	return err
}

// dismantle forgets the slots that have been removed.
func (r *roster) dismantle() {
	r.workers = slices.DeleteFunc(r.workers, func(w *worker) bool {
		gone := w.isSurplus() && w.state.IsFinal()
		if gone {
			w.seat = -1
			w.pool.absent = append(w.pool.absent, w)
		}
		return gone
	})
}

// poolOf finds a group by its name; without a name, the first one that is not percore's own and that no update has
// taken away, traffic before all else.
func (r *roster) poolOf(group string) *pool {
	var first *pool
	for _, p := range r.pools {
		switch {
		case group != "" && p.program.Group == group, group == "" && p.program.Traffic && p.size > 0:
			return p
		case group == "" && !p.program.Internal && p.size > 0 && first == nil:
			first = p
		}
	}
	return first
}

// poolFor finds the pool of a program, by its names; nil is none.
func (r *roster) poolFor(program *Program) *pool {
	at := slices.IndexFunc(r.pools, func(p *pool) bool { return p.program.isNamed(program) })
	if at < 0 {
		return nil
	}
	return r.pools[at]
}

// find gives the workers with these titles.
func (r *roster) find(titles []string) ([]*worker, error) {
	var list []*worker
	for _, title := range titles {
		i := slices.IndexFunc(r.workers, func(w *worker) bool { return w.title == title && !w.isSurplus() })
		if i < 0 {
			return nil, fmt.Errorf("%s: %w", title, ErrNoProcess)
		}
		if !slices.Contains(list, r.workers[i]) {
			list = append(list, r.workers[i])
		}
	}
	return list, nil
}

// live are the workers that have a process or will have one.
func (r *roster) live() []*worker {
	return slices.DeleteFunc(slices.Clone(r.workers), func(w *worker) bool { return w.state.IsFinal() })
}

// siblingServes reports whether another worker of the same program is ready.
func (r *roster) siblingServes(w *worker) bool {
	return slices.ContainsFunc(r.workers, func(other *worker) bool {
		return other != w && other.pool == w.pool && other.serves()
	})
}

// siblingHolds reports whether another worker of the same program is ready and not about to be given up itself: its
// own retries are not spent, or it has lasted for StartSecs. Workers that end as soon as they are up would spare one
// another for ever otherwise.
func (r *roster) siblingHolds(w *worker) bool {
	return slices.ContainsFunc(r.workers, func(other *worker) bool {
		return other != w && other.pool == w.pool && other.serves() &&
			(!other.program.IsSpent(other.streak) || time.Since(other.started) >= other.program.StartSecs)
	})
}

// roundsFrom counts the priorities, this one and those below it, that are still to be stopped and share what is left
// of the stop's budget. Percore's own programs have a reserve of their own.
func (r *roster) roundsFrom(priority int) int {
	rounds := map[int]struct{}{priority: {}}
	for _, w := range r.live() {
		if w.program.Priority < priority && !w.program.Internal {
			rounds[w.program.Priority] = struct{}{}
		}
	}
	return len(rounds)
}
