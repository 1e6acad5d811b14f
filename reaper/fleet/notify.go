package fleet

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// noticeBytesMax bounds a notice, as systemd does; what is longer is cut.
const noticeBytesMax = 4096

// notices is the socket on which workers say how they are (man 3 sd_notify). Its name is abstract: it takes no writable folder, and
// a worker of any user may send to it. Who sends is told by the kernel (man 7 unix, SCM_CREDENTIALS), and counts: see speaker.
type notices struct {
	conn    *net.UnixConn
	address string
}

func openNotices() (*notices, error) {
	address := fmt.Sprintf("@percore-%d-%x", os.Getpid(), rand.Uint64())
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: address, Net: "unixgram"})
	if err != nil {
		return nil, fmt.Errorf("open notify socket: %w", err)
	}
	raw, err := conn.SyscallConn()
	if err == nil {
		var sockErr error
		err = raw.Control(func(fd uintptr) { sockErr = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_PASSCRED, 1) })
		if err == nil {
			err = os.NewSyscallError("setsockopt", sockErr)
		}
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return &notices{conn: conn, address: address}, nil
}

// sender is who sent a notice.
type sender struct{ pid, uid int }

// read hands over each notice with its sender, and waits until it has been heeded: a worker that sends without end fills
// the socket, not percore's memory. It ends when the socket is closed.
func (n *notices) read(heed func(from sender, text string)) {
	buf, control := make([]byte, noticeBytesMax), make([]byte, noticeBytesMax)
	for {
		size, controlSize, _, _, err := n.conn.ReadMsgUnix(buf, control)
		if err != nil {
			return
		}
		if from := senderOf(control[:controlSize]); from.pid > 0 {
			heed(from, string(buf[:size]))
		}
	}
}

// senderOf is who the kernel says has sent a notice; its pid is 0 when it is of no process here. Descriptors that came along are
// closed, which is all that BARRIER=1 waits for.
func senderOf(control []byte) (from sender) {
	messages, err := syscall.ParseSocketControlMessage(control)
	if err != nil {
		return sender{}
	}
	for i := range messages {
		if fds, err := syscall.ParseUnixRights(&messages[i]); err == nil {
			for _, fd := range fds {
				_ = syscall.Close(fd)
			}
		}
		if c, err := syscall.ParseUnixCredentials(&messages[i]); err == nil {
			from = sender{int(c.Pid), int(c.Uid)}
		}
	}
	return from
}

// listens says whether the program's workers are to tell how they are.
func (p *Program) listens() bool {
	return p.Ready.Kind == ReadyNotify || p.Health.Check.Kind == ReadyNotify
}

// noticeEnviron is what a worker needs to know to send notices; the socket is opened for the first that does.
func (f *Fleet) noticeEnviron(w *worker) ([]string, error) {
	if !w.program.listens() {
		return nil, nil
	}
	if f.notices == nil {
		n, err := openNotices()
		if err != nil {
			return nil, err
		}
		f.notices = n
		go n.read(func(from sender, text string) {
			heeded := make(chan struct{})
			f.mail.post(func() { f.heed(from, text); close(heeded) })
			select {
			case <-heeded:
			case <-f.over:
			}
		})
	}
	return []string{
		"NOTIFY_SOCKET=" + f.notices.address,
		"WATCHDOG_USEC=" + strconv.FormatInt(w.program.watchdog().Microseconds(), 10),
	}, nil
}

// watchdog is how long a worker that has said WATCHDOG=1 may be silent.
func (p *Program) watchdog() time.Duration {
	return p.Health.Interval * time.Duration(p.Health.Failures)
}

// heed takes in a notice: lines of KEY=VALUE.
func (f *Fleet) heed(from sender, text string) {
	w := f.speaker(from)
	if w == nil {
		f.log.Debug("notice of a process that is no worker's", "pid", from.pid)
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
func (f *Fleet) speaker(from sender) *worker {
	for _, w := range f.workers {
		switch {
		case !w.alive() || !w.program.listens() || from.pid != w.process.PID() && !f.options.Descends(from.pid, w.process.PID()):
		case f.isUserOf(w, from.uid):
			return w
		case !w.misspoken:
			w.misspoken = true
			f.log.Warn("notice ignored: its sender has another user than the worker", "process", w.title, "pid", from.pid, "uid", from.uid)
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
		if w.program.Ready.Kind == ReadyNotify {
			f.apply(w, evReady)
		}
	case "STOPPING=1":
		f.leave(w)
	case "WATCHDOG=1":
		f.feed(w)
	case "WATCHDOG=trigger":
		f.ail(w, w.incarnation, true, "watchdog: the worker itself says so")
	default:
		if usec, err := strconv.ParseInt(value, 10, 64); key == "EXTEND_TIMEOUT_USEC" && err == nil && usec > 0 && w.state == StateStarting {
			f.arm(w, time.Duration(min(usec, int64(time.Hour/time.Microsecond)))*time.Microsecond, evOverdue)
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
		if w.incarnation == incarnation && w.state == StateRunning {
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
