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
// a worker of any user may send to it. Who sends is told by the kernel, and only a worker's own process group speaks for it.
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

// read hands over each notice with its sender's pid, and waits until it has been heeded: a worker that sends without end fills
// the socket, not percore's memory. It ends when the socket is closed.
func (n *notices) read(heed func(pid int, text string)) {
	buf, control := make([]byte, noticeBytesMax), make([]byte, noticeBytesMax)
	for {
		size, controlSize, _, _, err := n.conn.ReadMsgUnix(buf, control)
		if err != nil {
			return
		}
		if pid := sender(control[:controlSize]); pid > 0 {
			heed(pid, string(buf[:size]))
		}
	}
}

// sender is the pid that came with a notice; 0 when there is none that is known here. Descriptors that came along are closed, which is
// all that BARRIER=1 waits for.
func sender(control []byte) (pid int) {
	messages, err := syscall.ParseSocketControlMessage(control)
	if err != nil {
		return 0
	}
	for i := range messages {
		if fds, err := syscall.ParseUnixRights(&messages[i]); err == nil {
			for _, fd := range fds {
				_ = syscall.Close(fd)
			}
		}
		if c, err := syscall.ParseUnixCredentials(&messages[i]); err == nil {
			pid = int(c.Pid)
		}
	}
	return pid
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
		go n.read(func(pid int, text string) {
			heeded := make(chan struct{})
			f.mail.post(func() { f.heed(pid, text); close(heeded) })
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
func (f *Fleet) heed(pid int, text string) {
	w := f.speaker(pid)
	if w == nil {
		f.log.Debug("notice of a process that is no worker's", "pid", pid)
		return
	}
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		f.heedLine(w, key, value)
	}
}

// speaker is the worker to whose process group a process belongs.
func (f *Fleet) speaker(pid int) *worker {
	group, err := syscall.Getpgid(pid)
	if err != nil {
		group = pid
	}
	for _, w := range f.workers {
		if w.alive() && w.program.listens() && (w.process.PID() == pid || w.process.PID() == group) {
			return w
		}
	}
	return nil
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
