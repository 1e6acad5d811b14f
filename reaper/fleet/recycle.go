package fleet

import (
	"context"
	"fmt"
	"slices"
	"time"

	"percore/reaper/lifecycle"
)

// Limits are what makes a worker due for replacement though nothing is wrong with it yet. 0 is no limit.
type Limits struct {
	Requests       uint64        // answered by one process
	RequestsJitter uint64        // up to this many more, by chance, so that not all are due at once
	Lifetime       time.Duration // of one process
	RSS            int64         // resident bytes of the process and all below it
}

// rssInterval is how often memory is looked at, where it has a limit: a leak takes minutes, a look some tenths of a millisecond.
const rssInterval = 2 * time.Second

// requestsMax is the front door's limit for the current incarnation.
func (l Limits) requestsMax(chance float64) uint64 {
	if l.Requests == 0 {
		return 0
	}
	return l.Requests + uint64(chance*float64(l.RequestsJitter+1))
}

// Exhausted reports that an endpoint's incarnation has had all of its requests. It is safe from any goroutine, may come
// again and again, and is ignored about another incarnation.
func (f *Fleet) Exhausted(index int, incarnation uint64) {
	f.mail.post(func() {
		for _, w := range f.workers {
			if w.endpoint == index && w.endpoint >= 0 && w.incarnation == incarnation {
				f.recycle(w, incarnation, fmt.Sprintf("%d requests", w.requestsMax))
			}
		}
	})
}

// limit begins to hold a worker that has become ready to its limits.
func (f *Fleet) limit(w *worker) {
	limits, incarnation := w.program.Limits, w.incarnation
	if limits.Lifetime > 0 {
		w.endOfLife = f.clock.After(limits.Lifetime-time.Since(w.started), func() {
			f.recycle(w, incarnation, "lifetime of "+words(limits.Lifetime))
		})
	}
	if limits.RSS > 0 && f.options.Resident != nil {
		ctx, cancel := context.WithCancel(context.Background())
		w.stopWeighing = cancel
		go f.weigh(ctx, w, w.process.PID(), incarnation, limits.RSS)
	}
}

// unlimit ends what limit began.
func (w *worker) unlimit() {
	w.endOfLife.Stop()
	w.watchdog.Stop()
	w.endOfLife, w.watchdog = nil, nil
	w.stopWeighing()
}

// weigh looks at the memory of a worker until it is too much, or the worker has gone.
func (f *Fleet) weigh(ctx context.Context, w *worker, pid int, incarnation uint64, limit int64) {
	pause := time.NewTimer(rssInterval)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
			pause.Reset(rssInterval)
		}
		if resident := f.options.Resident(pid); resident > limit {
			f.mail.post(func() { f.recycle(w, incarnation, fmt.Sprintf("resident memory of %d MB", resident>>20)) })
			return
		}
	}
}

// recycle has a worker replaced as soon as all others are well.
func (f *Fleet) recycle(w *worker, incarnation uint64, reason string) {
	if f.shutdown.phase == serving && w.incarnation == incarnation && w.alive() && w.wanted && !f.isDue(w) {
		f.enqueue(&job{purpose: recycling, reason: w.title + " is past its limit: " + reason, targets: []target{{w: w, incarnation: incarnation, wanted: true}}})
	}
}

// isDue says whether this worker is under maintenance, or will be for its own sake.
func (f *Fleet) isDue(w *worker) bool {
	m := &f.maintenance
	isIt := func(t target) bool { return t.w == w && t.incarnation != 0 }
	return slices.ContainsFunc(m.tasks, func(t *task) bool { return t.w == w && t.stage == lifecycle.StageRetiring }) ||
		slices.ContainsFunc(m.queue, func(j *job) bool { return slices.ContainsFunc(j.targets, isIt) })
}
