package fleet

import (
	"os"
	"strconv"
	"strings"
	"time"

	"percore/reaper/alarm"
	"percore/reaper/lifecycle"
	"percore/reaper/notify"
	"percore/reaper/probe"
)

// heed takes in a notice: lines of KEY=VALUE.
func (u *upkeep) heed(from notify.Sender, text string) {
	w := u.speaker(from)
	if w == nil {
		u.log.Debug("notice of a process that is no worker's", "pid", from.PID)
		return
	}
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		u.heedLine(w, key, value)
	}
}

// speaker is the worker for which a process speaks: itself, or a descendant of it, and with its user. A process group
// would prove nothing, as any process of the session may join it (man 2 setpgid); and a descendant with another user
// is one that the worker does not trust. Where /proc does not tell, only the worker's first process speaks.
func (u *upkeep) speaker(from notify.Sender) *worker {
	for _, w := range u.roster.workers {
		switch {
		case !w.alive() || !w.program.listens() || !u.isOf(w, from.PID):
		case u.isUserOf(w, from.UID):
			return w
		case !w.misspoken:
			w.misspoken = true
			u.log.Warn("notice ignored: its sender has another user than the worker",
				"process", w.title, "pid", from.PID, "uid", from.UID)
		}
	}
	return nil
}

// isOf reports whether a process is the worker's own, or one below it.
func (u *upkeep) isOf(w *worker, pid int) bool {
	return pid == w.process.PID() || u.options.Descends(pid, w.process.PID())
}

// isUserOf reports whether a user is the worker's: the one that it was started as, the one that its process has by
// now, or root, which may do everything anyway.
func (u *upkeep) isUserOf(w *worker, uid int) bool {
	started := os.Getuid()
	if c := w.program.Credential; c != nil {
		started = int(c.UID)
	}
	if uid == 0 || uid == started {
		return true
	}
	now, known := u.options.UserOf(w.process.PID())
	return known && uid == now
}

func (u *upkeep) heedLine(w *worker, key, value string) {
	switch key + "=" + value {
	case "READY=1":
		if w.program.Ready.Kind == probe.Notify {
			u.supervisor.apply(w, lifecycle.EventReady)
		}
	case "STOPPING=1":
		u.leave(w)
	case "WATCHDOG=1":
		u.feedWatchdog(w)
	case "WATCHDOG=trigger":
		u.ail(w, w.incarnation, true, "watchdog: the worker itself says so")
	default:
		usec, err := strconv.ParseInt(value, 10, 64)
		if key == "EXTEND_TIMEOUT_USEC" && err == nil && usec > 0 && w.state == lifecycle.StateStarting {
			longer := time.Duration(min(usec, int64(time.Hour/time.Microsecond))) * time.Microsecond
			u.supervisor.arm(w, longer, lifecycle.EventOverdue)
		}
	}
}

// leave takes in that a worker is about to end by itself: it gets no more traffic, and its end decides what follows.
// It has as long for that as if it had been told to stop; then it is.
func (u *upkeep) leave(w *worker) {
	if !w.ready {
		return
	}
	w.ready = false
	incarnation, patience := w.incarnation, w.program.StopWaitSecs
	u.clock.Allow(patience, func() {
		if w.incarnation == incarnation && w.state == lifecycle.StateRunning {
			u.maintenance.replaceAiling(w, "it said STOPPING=1 and is still there after "+alarm.Words(patience))
		}
	})
}
