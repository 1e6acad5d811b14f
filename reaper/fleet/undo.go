package fleet

import (
	"slices"
	"strings"

	"percore/reaper/lifecycle"
)

// An update holds as a whole or not at all. When its roll halts, what was to be before is to be again: whoever has to be started later is
// started as before. Processes that run are left alone, those with the new configuration, too.

// intention is what a pool was meant to be before an update, and how many workers the update wanted.
type intention struct {
	pool          *pool
	program       *Program
	size, updated int
}

// intentions are those of all pools there are.
func (f *Fleet) intentions() []*intention {
	var list []*intention
	for _, c := range f.pools {
		list = append(list, &intention{pool: c, program: c.program, size: c.size})
	}
	return list
}

// noteUpdated remembers how many workers there are to be by the update, pools that came with it included.
func (f *Fleet) noteUpdated(before []*intention) []*intention {
	for _, c := range f.pools {
		at := slices.IndexFunc(before, func(i *intention) bool { return i.pool == c })
		if at < 0 {
			before = append(before, &intention{pool: c, program: c.program})
			at = len(before) - 1
		}
		before[at].updated = c.size
	}
	return before
}

// undo goes back to what was meant before an update.
func (f *Fleet) undo(before []*intention) {
	for _, i := range before {
		c := i.pool
		if c.size == i.updated && c.size != i.size { // nobody has scaled it since
			c.size = i.size
			f.enqueueScaling(c, "halted update", nil)
		}
		if c.program == i.program {
			continue
		}
		c.program = i.program
		for _, w := range f.workers {
			if w.pool == c {
				f.fallBack(w)
			}
		}
	}
}

// fallBack has a worker be started as before from now on. One that waits for its next start because the new configuration failed need not wait.
func (f *Fleet) fallBack(w *worker) {
	old := w.pool.program
	if sameProcess(*w.program, *old) {
		w.program, w.next = old, nil
		return
	}
	if w.inherit(); w.alive() || !w.wanted {
		return
	}
	w.streak = 0
	switch w.state {
	case lifecycle.StateBackoff:
		f.apply(w, lifecycle.EventRetry)
	case lifecycle.StateFatal:
		f.apply(w, lifecycle.EventStart)
	case lifecycle.StateStopped, lifecycle.StateStarting, lifecycle.StateRunning, lifecycle.StateExited, lifecycle.StateDraining, lifecycle.StateStopping:
	}
}

// halted says why an update does not hold, and who still runs it.
func (f *Fleet) haltedUpdate(reason string) string {
	var newer []string
	for _, w := range f.workers {
		if w.alive() && w.next != nil && !sameProcess(*w.program, *w.next) {
			newer = append(newer, w.title)
		}
	}
	text := "the last update was halted (" + reason + ") and does not hold; workers are started as before it"
	if len(newer) > 0 {
		text += "; until their next start the new configuration is run by " + strings.Join(newer, ", ")
	}
	return text
}
