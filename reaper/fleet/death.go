package fleet

import (
	"context"
	"errors"
	"log/slog"
	"syscall"
	"time"

	"percore/reaper"
)

// died takes in the end of a process.
func (f *Fleet) died(w *worker, incarnation uint64, e reaper.Exit) {
	if w.incarnation != incarnation || !w.alive() {
		f.log.Error("an unknown incarnation ended", "process", w.title, "pid", e.PID, "incarnation", incarnation)
		return
	}
	f.disarm(w)
	l := life{
		exit: e, wasReady: w.wasReady, proven: w.proven, killedByUs: w.killed, oomKilled: f.oomKilled(w, e),
		streak: w.streak, siblingHolds: f.siblingHolds(w),
	}
	if l.killedFromOutside() {
		w.slain = incarnation
	}
	unreadiness := w.unreadiness
	w.forget()
	reason := e.String() + " after " + words(e.Uptime)
	if l.oomKilled {
		reason += " (out of memory)"
	}
	if e.Leftovers != "" {
		reason += "; what it left behind was ended: " + e.Leftovers
	}
	misplaced := !l.proven && l.killedByUs && w.diagnosis.full != ""
	switch {
	case misplaced:
		reason += "; it " + w.diagnosis.full
	case unreadiness != "":
		reason += "; it was not ready: " + unreadiness
	}
	v := w.program.judge(l)
	asked := w.state == draining || w.state == StateStopping
	if asked {
		v = verdict{event: evLost, streak: w.streak} // however it did so is no failure
	}
	f.note(w, v, ending{spawned: true, code: e.Status(), reason: reason, at: e.At, misplaced: misplaced && !asked}, "worker ended", slog.Int("pid", e.PID))
	if !asked && e.Status() != 0 {
		f.mourn(w, reason)
	}
	f.tellCrash(w, reason)
	f.apply(w, v.event)
}

// oomKilled says whether the memory limit ended the process: only SIGKILL can have come from there, and
// percore knows its own.
func (f *Fleet) oomKilled(w *worker, e reaper.Exit) bool {
	return e.Signal == syscall.SIGKILL && !w.killed && f.options.OOMKilled(e.PID)
}

// vitalRefusalsMax is how often a vital worker that has never come up may be refused by the machine, some ten seconds with a back-off from
// 10 ms up: a fleet that can never serve ends and says why, unless it is to live whatever happens.
const vitalRefusalsMax = 10

// refused takes in a spawn that did not happen and gives the event that follows.
func (f *Fleet) refused(w *worker, err error) event {
	code, retriable := failure(err)
	v := verdict{event: evUnrunnable, streak: w.streak}
	held := (*heldError)(nil)
	switch {
	case errors.As(err, &held):
		code, v, retriable = codeMisplaced, w.program.judgeFailure(w.streak, f.siblingHolds(w)), false
	case retriable:
		w.refusals++
		v = verdict{event: evFailed, streak: w.streak, refusals: w.refusals} // the machine's fault, not the worker's
		if w.program.Vital && !w.proven && w.refusals > vitalRefusalsMax && f.options.ExitOn != NeverExit {
			v.event = evExhausted
		}
	}
	reason := err.Error()
	if why := w.program.explain(err); why != "" {
		reason += " (" + why + ")"
	}
	f.note(w, v, ending{code: code, reason: reason, at: time.Now(), passing: retriable}, "worker not started")
	return v.event
}

// note records an ending and logs it, once, with what comes next. It runs before the event is applied, so that
// the log tells the end before the new beginning.
func (f *Fleet) note(w *worker, v verdict, e ending, message string, more ...slog.Attr) {
	f.endings++
	e.order, e.judged, e.passing = f.endings, v.event, e.passing || v.shortest
	w.last = e
	w.streak = v.streak
	w.delay = w.program.Backoff.refused(v.refusals > 0).delay(v.backoffStreak(), f.options.Rand())
	to, _ := next(w.state, v.event)
	level, then := f.outlook(w, to)
	if to == StateBackoff && f.waits(w) {
		then = "waits for " + w.crew.canary.title
	}
	attrs := append([]slog.Attr{slog.String("process", w.title)}, more...)
	attrs = append(attrs, slog.String("reason", e.reason), slog.String("next", then), slog.Uint64("starts", w.starts))
	f.log.LogAttrs(context.Background(), level, message, attrs...)
	f.noteDegraded(w, v)
}

// backoffStreak is the exponent's place: 1 is Base.
func (v verdict) backoffStreak() int {
	if v.shortest {
		return 1
	}
	if v.refusals > 0 {
		return v.refusals
	}
	return v.streak
}

// outlook puts the state that follows an ending into words.
func (f *Fleet) outlook(w *worker, to State) (slog.Level, string) {
	switch to {
	case StateStarting:
		return slog.LevelWarn, "restarted"
	case StateBackoff:
		return slog.LevelWarn, "backoff " + words(w.delay)
	case StateFatal:
		return slog.LevelError, "fatal"
	case StateExited:
		return slog.LevelInfo, "exited"
	case StateStopped, StateRunning, draining, StateStopping:
		return slog.LevelInfo, "stopped"
	default:
		return slog.LevelInfo, "stopped"
	}
}

// noteDegraded says once that a worker would be FATAL if it were alone.
func (f *Fleet) noteDegraded(w *worker, v verdict) {
	switch {
	case v.event == evLost:
		w.degraded = false
	case v.event == evFailed && w.program.spent(v.streak) && !v.shortest && v.refusals == 0 && !w.degraded:
		w.degraded = true
		f.log.Warn("fleet degraded: worker keeps failing while siblings serve", "process", w.title, "failures", v.streak)
	}
}
