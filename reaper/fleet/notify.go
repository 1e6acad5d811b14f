package fleet

import (
	"os"
	"strconv"
	"strings"
	"time"

	"percore/reaper/lifecycle"
	"percore/reaper/notify"
	"percore/reaper/probe"
)

// listens says whether the program's workers are to tell how they are.
func (p *Program) listens() bool {
	return p.Ready.Kind == probe.Notify || p.Health.Check.Kind == probe.Notify
}

// noticeEnviron is what a worker needs to know to send notices; the socket is opened for the first that does.
func (f *Fleet) noticeEnviron(w *worker) ([]string, error) {
	if !w.program.listens() {
		return nil, nil
	}
	if f.notices == nil {
		n, err := notify.Open()
		if err != nil {
			return nil, err
		}
		f.notices = n
		go n.Read(func(from notify.Sender, text string) {
			heeded := make(chan struct{})
			f.mail.post(func() { f.heed(from, text); close(heeded) })
			select {
			case <-heeded:
			case <-f.over:
			}
		})
	}
	return []string{
		"NOTIFY_SOCKET=" + f.notices.Address(),
		"WATCHDOG_USEC=" + strconv.FormatInt(w.program.watchdog().Microseconds(), 10),
	}, nil
}

// watchdog is how long a worker that has said WATCHDOG=1 may be silent.
func (p *Program) watchdog() time.Duration {
	return p.Health.Interval * time.Duration(p.Health.Failures)
}

// heed takes in a notice: lines of KEY=VALUE.
func (f *Fleet) heed(from notify.Sender, text string) {
	w := f.speaker(from)
	if w == nil {
		f.log.Debug("notice of a process that is no worker's", "pid", from.PID)
		return
	}
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		f.heedLine(w, key, value)
	}
}

// speaker is the worker for which a process speaks: itself, or a descendant of it, and with its user. A process group would prove nothing, as
// anybody of the session may join it (man 2 setpgid); and a descendant with another user is one that the worker does not trust.
// Where /proc does not tell, only the worker's first process speaks.
func (f *Fleet) speaker(from notify.Sender) *worker {
	for _, w := range f.workers {
		switch {
		case !w.alive() || !w.program.listens() || from.PID != w.process.PID() && !f.options.Descends(from.PID, w.process.PID()):
		case f.isUserOf(w, from.UID):
			return w
		case !w.misspoken:
			w.misspoken = true
			f.log.Warn("notice ignored: its sender has another user than the worker", "process", w.title, "pid", from.PID, "uid", from.UID)
		}
	}
	return nil
}

// isUserOf says whether a user is the worker's: the one that it was started as, the one that its process has by now, or root, which may do
// everything anyway.
func (f *Fleet) isUserOf(w *worker, uid int) bool {
	started := os.Getuid()
	if c := w.program.Credential; c != nil {
		started = int(c.UID)
	}
	if uid == 0 || uid == started {
		return true
	}
	now, known := f.options.UserOf(w.process.PID())
	return known && uid == now
}

func (f *Fleet) heedLine(w *worker, key, value string) {
	switch key + "=" + value {
	case "READY=1":
		if w.program.Ready.Kind == probe.Notify {
			f.apply(w, lifecycle.EventReady)
		}
	case "STOPPING=1":
		f.leave(w)
	case "WATCHDOG=1":
		f.feed(w)
	case "WATCHDOG=trigger":
		f.ail(w, w.incarnation, true, "watchdog: the worker itself says so")
	default:
		if usec, err := strconv.ParseInt(value, 10, 64); key == "EXTEND_TIMEOUT_USEC" && err == nil && usec > 0 && w.state == lifecycle.StateStarting {
			f.arm(w, time.Duration(min(usec, int64(time.Hour/time.Microsecond)))*time.Microsecond, lifecycle.EventOverdue)
		}
	}
}

// leave takes in that a worker is about to end by itself: it gets no more traffic, and its end decides what follows. It has as
// long for that as if it had been told to stop; then it is.
func (f *Fleet) leave(w *worker) {
	if !w.ready {
		return
	}
	w.ready = false
	incarnation, patience := w.incarnation, w.program.StopWaitSecs
	f.clock.Allow(patience, func() {
		if w.incarnation == incarnation && w.state == lifecycle.StateRunning {
			f.replaceAiling(w, "it said STOPPING=1 and is still there after "+words(patience))
		}
	})
}

// feed lets the watchdog wait anew.
func (f *Fleet) feed(w *worker) {
	w.watchdog.Stop()
	incarnation, patience := w.incarnation, w.program.watchdog()
	w.watchdog = f.clock.Allow(patience, func() { f.ail(w, incarnation, true, "watchdog: no word for "+words(patience)) })
}
