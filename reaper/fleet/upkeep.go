package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"percore/reaper/alarm"
	"percore/reaper/lifecycle"
	"percore/reaper/probe"
)

// upkeep looks after workers that are ready: it asks how they are, hears what they say, and holds them to their
// limits. What ails or has had enough is given to the maintenance.
type upkeep struct {
	*base
	roster      *roster
	supervisor  *supervisor
	maintenance *maintenance
}

// begin is for a worker that has become ready.
func (u *upkeep) begin(w *worker) {
	u.limit(w)
	u.examine(w)
}

// rssInterval is how often memory is looked at, where it has a limit: a leak takes minutes, a look some tenths of a
// millisecond.
const rssInterval = 2 * time.Second

// limit begins to hold a worker to its limits.
func (u *upkeep) limit(w *worker) {
	limits, incarnation := w.program.Limits, w.incarnation
	if limits.Lifetime > 0 {
		w.endOfLife = u.clock.After(limits.Lifetime-time.Since(w.started), func() {
			u.maintenance.recycle(w, incarnation, "lifetime of "+alarm.Words(limits.Lifetime))
		})
	}
	if limits.RSS > 0 && u.options.Resident != nil {
		ctx, cancel := context.WithCancel(context.Background())
		w.stopWeighing = cancel
		go u.weigh(ctx, w, w.process.PID(), incarnation, limits.RSS)
	}
}

// weigh looks at the memory of a worker until it is too much, or the worker has gone.
func (u *upkeep) weigh(ctx context.Context, w *worker, pid int, incarnation uint64, limit int64) {
	pause := time.NewTimer(rssInterval)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
			pause.Reset(rssInterval)
		}
		if resident := u.options.Resident(pid); resident > limit {
			u.mail.post(func() {
				u.maintenance.recycle(w, incarnation, fmt.Sprintf("resident memory of %d MB", resident>>20))
			})
			return
		}
	}
}

// examine checks a worker until it has failed too often, or has gone.
func (u *upkeep) examine(w *worker) {
	h := w.program.Health
	if h.Check.Kind == probe.None {
		return
	}
	if h.Check.Kind == probe.Notify {
		u.feedWatchdog(w)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.stopProbe = cancel
	incarnation, attempt := w.incarnation, u.checkup(w)
	go func() {
		if err := h.Watch(ctx, attempt); err != nil {
			u.mail.post(func() { u.ail(w, incarnation, !errors.Is(err, probe.ErrUnwell), "health check: "+h.Explain(err)) })
		}
	}()
}

// errFrozen is what a port does not tell: the kernel goes on accepting for a process that is stopped.
var errFrozen = errors.New("the process is stopped (SIGSTOP)")

// checkup is one check of a worker.
func (u *upkeep) checkup(w *worker) func(context.Context) error {
	attempt, pid := u.supervisor.attempt(w, w.program.Health.Check), w.process.PID()
	return func(ctx context.Context) error {
		if u.options.Stopped(pid) {
			return errFrozen
		}
		return attempt(ctx)
	}
}

// ail takes a worker out of traffic and has it replaced, before any other maintenance. One that still answers may
// finish its requests.
func (u *upkeep) ail(w *worker, incarnation uint64, hung bool, reason string) {
	if w.incarnation != incarnation || w.state != lifecycle.StateRunning || !w.ready {
		return
	}
	u.log.Warn("worker is out of traffic",
		"process", w.title, "pid", w.process.PID(), "reason", reason, "next", "replace")
	w.ready, w.hung = false, hung
	u.maintenance.replaceAiling(w, reason)
}

// feedWatchdog lets the watchdog wait anew.
func (u *upkeep) feedWatchdog(w *worker) {
	w.watchdog.Stop()
	incarnation, patience := w.incarnation, w.program.watchdog()
	w.watchdog = u.clock.Allow(patience, func() {
		u.ail(w, incarnation, true, "watchdog: no word for "+alarm.Words(patience))
	})
}
