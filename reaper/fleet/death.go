package fleet

import (
	"context"
	"errors"
	"log/slog"
	"syscall"
	"time"

	"percore/reaper"
	"percore/reaper/lifecycle"
	"percore/reaper/ports"
)

// died takes in the end of a process.
func (f *Fleet) died(w *worker, incarnation uint64, e reaper.Exit) {
	if w.incarnation != incarnation || !w.alive() {
		f.log.Error("an unknown incarnation ended", "process", w.title, "pid", e.PID, "incarnation", incarnation)
		return
	}
	f.disarm(w)
	l := lifecycle.Life{
		Exit: e, WasReady: w.wasReady, Proven: w.proven, KilledByUs: w.killed, OOMKilled: f.oomKilled(w, e),
		Streak: w.streak, SiblingHolds: f.siblingHolds(w),
	}
	if l.KilledExternally() {
		w.killedExternally = incarnation
	}
	unreadiness := w.unreadiness
	w.forget()
	reason := e.String() + " after " + words(e.Uptime)
	if l.OOMKilled {
		reason += " (out of memory)"
	}
	if e.Leftovers != "" {
		reason += "; what it left behind was ended: " + e.Leftovers
	}
	misplaced := !l.Proven && l.KilledByUs && w.diagnosis.Full != ""
	switch {
	case misplaced:
		reason += "; it " + w.diagnosis.Full
	case unreadiness != "":
		reason += "; it was not ready: " + unreadiness
	}
	v := w.program.Judge(l)
	asked := w.state == lifecycle.StateDraining || w.state == lifecycle.StateStopping
	if asked {
		v = lifecycle.Verdict{Event: lifecycle.EventLost, Streak: w.streak} // however it did so is no failure
	}
	f.note(w, v, ending{spawned: true, code: e.Status(), reason: reason, at: e.At, misplaced: misplaced && !asked}, "worker ended", slog.Int("pid", e.PID))
	if !asked && e.Status() != 0 {
		f.noteCrashTail(w, reason)
	}
	f.logCrashText(w, reason)
	f.apply(w, v.Event)
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
func (f *Fleet) refused(w *worker, err error) lifecycle.Event {
	code, retriable := failure(err)
	v := lifecycle.Verdict{Event: lifecycle.EventUnrunnable, Streak: w.streak}
	held := (*ports.HeldError)(nil)
	switch {
	case errors.As(err, &held):
		code, v, retriable = codeMisplaced, w.program.JudgeFailure(w.streak, f.siblingHolds(w)), false
	case retriable:
		w.refusals++
		v = lifecycle.Verdict{Event: lifecycle.EventFailed, Streak: w.streak, Refusals: w.refusals} // the machine's fault, not the worker's
		if w.program.Vital && !w.proven && w.refusals > vitalRefusalsMax && f.options.ExitOn != NeverExit {
			v.Event = lifecycle.EventExhausted
		}
	}
	reason := err.Error()
	if why := (reaper.Spec{Dir: w.program.Dir, Args: w.program.Command, Credential: w.program.Credential}).Explain(err); why != "" {
		reason += " (" + why + ")"
	}
	f.note(w, v, ending{code: code, reason: reason, at: time.Now(), passing: retriable}, "worker not started")
	return v.Event
}

// note records an ending and logs it, once, with what comes next. It runs before the event is applied, so that
// the log tells the end before the new beginning.
func (f *Fleet) note(w *worker, v lifecycle.Verdict, e ending, message string, more ...slog.Attr) {
	f.endings++
	e.order, e.judged, e.passing = f.endings, v.Event, e.passing || v.Shortest
	w.last = e
	w.streak = v.Streak
	w.delay = v.Delay(w.program.Backoff, f.options.Rand())
	to, _ := lifecycle.Next(w.state, v.Event)
	level, then := f.outlook(w, to)
	if to == lifecycle.StateBackoff && f.waits(w) {
		then = "waits for " + w.pool.canary.title
	}
	attrs := append([]slog.Attr{slog.String("process", w.title)}, more...)
	attrs = append(attrs, slog.String("reason", e.reason), slog.String("next", then), slog.Uint64("starts", w.starts))
	f.log.LogAttrs(context.Background(), level, message, attrs...)
	f.noteDegraded(w, v)
}

// outlook puts the state that follows an ending into words.
func (f *Fleet) outlook(w *worker, to lifecycle.State) (slog.Level, string) {
	switch to {
	case lifecycle.StateStarting:
		return slog.LevelWarn, "restarted"
	case lifecycle.StateBackoff:
		return slog.LevelWarn, "backoff " + words(w.delay)
	case lifecycle.StateFatal:
		return slog.LevelError, "fatal"
	case lifecycle.StateExited:
		return slog.LevelInfo, "exited"
	case lifecycle.StateStopped, lifecycle.StateRunning, lifecycle.StateDraining, lifecycle.StateStopping:
		return slog.LevelInfo, "stopped"
	default:
		return slog.LevelInfo, "stopped"
	}
}

// noteDegraded says once that a worker would be FATAL if it were alone.
func (f *Fleet) noteDegraded(w *worker, v lifecycle.Verdict) {
	switch {
	case v.Event == lifecycle.EventLost:
		w.degraded = false
	case v.Event == lifecycle.EventFailed && w.program.IsSpent(v.Streak) && !v.Shortest && v.Refusals == 0 && !w.degraded:
		w.degraded = true
		f.log.Warn("fleet degraded: worker keeps failing while siblings serve", "process", w.title, "failures", v.Streak)
	}
}
