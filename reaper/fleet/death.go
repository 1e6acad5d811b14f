package fleet

import (
	"context"
	"errors"
	"log/slog"
	"syscall"
	"time"

	"percore/reaper"
	"percore/reaper/alarm"
	"percore/reaper/lifecycle"
	"percore/reaper/ports"
)

// died takes in the end of a process.
func (s *supervisor) died(w *worker, incarnation uint64, e reaper.Exit) {
	if w.incarnation != incarnation || !w.alive() {
		s.log.Error("an unknown incarnation ended", "process", w.title, "pid", e.PID, "incarnation", incarnation)
		return
	}
	w.disarm()
	l := lifecycle.Life{
		Exit: e, WasReady: w.wasReady, Proven: w.proven, KilledByUs: w.killed, OOMKilled: s.oomKilled(w, e),
		Streak: w.streak, SiblingHolds: s.roster.siblingHolds(w),
	}
	if l.KilledExternally() {
		w.killedExternally = incarnation
	}
	misplaced := !l.Proven && l.KilledByUs && w.diagnosis.Full != ""
	reason := endInWords(l, w.unreadiness)
	if misplaced {
		reason = endInWords(l, "") + "; it " + w.diagnosis.Full
	}
	w.forgetProcess()
	v := w.program.Judge(l)
	asked := w.state == lifecycle.StateDraining || w.state == lifecycle.StateStopping
	if asked {
		v = lifecycle.Verdict{Event: lifecycle.EventLost, Streak: w.streak} // however it did so is no failure
	}
	end := ending{spawned: true, code: e.Status(), reason: reason, at: e.At, misplaced: misplaced && !asked}
	s.note(w, v, end, "worker ended", slog.Int("pid", e.PID))
	if !asked && e.Status() != 0 {
		s.outputs.noteCrashTail(w, reason)
	}
	s.outputs.logCrashText(w, reason)
	s.apply(w, v.Event)
}

// endInWords is the reason of an end as logs and status tell it; unreadiness is why the process was not ready in time.
func endInWords(l lifecycle.Life, unreadiness string) string {
	text := l.Exit.String() + " after " + alarm.Words(l.Exit.Uptime)
	if l.OOMKilled {
		text += " (out of memory)"
	}
	if l.Exit.Leftovers != "" {
		text += "; what it left behind was ended: " + l.Exit.Leftovers
	}
	if unreadiness != "" {
		text += "; it was not ready: " + unreadiness
	}
	return text
}

// oomKilled reports whether the memory limit ended the process: only SIGKILL can have come from there, and
// percore knows its own.
func (s *supervisor) oomKilled(w *worker, e reaper.Exit) bool {
	return e.Signal == syscall.SIGKILL && !w.killed && s.options.OOMKilled(e.PID)
}

const (
	// vitalRefusalsMax is how often a vital worker that has never come up may be refused by the machine, some ten
	// seconds with a back-off from 10 ms up: a fleet that can never serve ends and says why, unless it is to live
	// whatever happens.
	vitalRefusalsMax = 10
	// codeMisplaced is what a container ends with whose workers cannot listen where they are to: it is a fault of the
	// configuration.
	codeMisplaced = 2
)

// refused takes in a spawn that did not happen and gives the event that follows.
func (s *supervisor) refused(w *worker, err error) lifecycle.Event {
	code, retriable := failure(err)
	v := lifecycle.Verdict{Event: lifecycle.EventUnrunnable, Streak: w.streak}
	held := (*ports.HeldError)(nil)
	switch {
	case errors.As(err, &held):
		code, v, retriable = codeMisplaced, w.program.JudgeFailure(w.streak, s.roster.siblingHolds(w)), false
	case retriable:
		w.refusals++ // the machine's fault, not the worker's
		v = lifecycle.Verdict{Event: lifecycle.EventFailed, Streak: w.streak, Refusals: w.refusals}
		if w.program.Vital && !w.proven && w.refusals > vitalRefusalsMax && s.options.ExitOn != NeverExit {
			v.Event = lifecycle.EventExhausted
		}
	}
	reason := err.Error()
	if why := w.program.explain(err); why != "" {
		reason += " (" + why + ")"
	}
	s.note(w, v, ending{code: code, reason: reason, at: time.Now(), passing: retriable}, "worker not started")
	return v.Event
}

// explain says what the kernel's words about a start leave to be guessed; empty is nothing.
func (p *Program) explain(err error) string {
	return reaper.Spec{Dir: p.Dir, Args: p.Command, Credential: p.Credential}.Explain(err)
}

// note records an ending and logs it, once, with what comes next. It runs before the event is applied, so that
// the log tells the end before the new beginning.
func (s *supervisor) note(w *worker, v lifecycle.Verdict, e ending, message string, more ...slog.Attr) {
	s.endings++
	e.order, e.judged, e.passing = s.endings, v.Event, e.passing || v.Shortest
	w.last = e
	w.streak = v.Streak
	w.delay = v.Delay(w.program.Backoff, s.options.Rand())
	to, _ := lifecycle.Next(w.state, v.Event)
	level, then := outlook(to, w.delay)
	if to == lifecycle.StateBackoff && s.waits(w) {
		then = "waits for " + w.pool.canary.title
	}
	attrs := append([]slog.Attr{slog.String("process", w.title)}, more...)
	attrs = append(attrs, slog.String("reason", e.reason), slog.String("next", then), slog.Uint64("starts", w.starts))
	s.log.LogAttrs(context.Background(), level, message, attrs...)
	s.noteDegraded(w, v)
}

// outlook puts the state that follows an ending into words.
func outlook(to lifecycle.State, delay time.Duration) (slog.Level, string) {
	switch to {
	case lifecycle.StateStarting:
		return slog.LevelWarn, "restarted"
	case lifecycle.StateBackoff:
		return slog.LevelWarn, "backoff " + alarm.Words(delay)
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

// noteDegraded tells once that a worker would be FATAL if it were alone.
func (s *supervisor) noteDegraded(w *worker, v lifecycle.Verdict) {
	switch {
	case v.Event == lifecycle.EventLost:
		w.degraded = false
	case v.Event == lifecycle.EventFailed && w.program.IsSpent(v.Streak) && !v.Shortest && v.Refusals == 0 && !w.degraded:
		w.degraded = true
		s.log.Warn("fleet degraded: worker keeps failing while siblings serve", "process", w.title, "failures", v.Streak)
	}
}
