// Package front is the role of the front door's process: it takes listening sockets, settings and snapshots from PID
// 1 over the link, gives up what privileges it has left, and serves with package lbproxy until it is told to stop or
// PID 1 is gone. PID 1's end is package door.
package front

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/oklog/run"
	"golang.org/x/sys/unix"

	"percore/entrypoint/link"
	"percore/entrypoint/output"
	"percore/entrypoint/self"
	"percore/lbproxy"
	"percore/lbproxy/socket"
)

// Run is the front door's role: it takes listeners and settings from PID 1, serves until it is told to stop or PID 1
// is gone, and reads no environment.
func Run(in self.Invocation) int {
	if err := forbidNewPrivileges(in); err != nil {
		fmt.Fprintln(in.Stderr, "percore front:", err)
		return self.ExitInternal
	}
	nameProcess()
	if err := self.HideMemory(); err != nil {
		fmt.Fprintln(in.Stderr, "percore front:", err)
		return self.ExitInternal
	}
	self.ReserveThreads(self.ThreadsReserved + lbproxy.DiskThreads)
	pipe := os.NewFile(link.FrontFD, "link")
	var first link.Wanted
	err := link.Read(pipe, &first)
	if err == nil {
		err = link.CheckVersion(first.Version)
	}
	if err != nil {
		fmt.Fprintln(in.Stderr, "percore front: take orders from PID 1:", err)
		return self.ExitInternal
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(first.LogLevel)); err != nil {
		level = slog.LevelInfo
	}
	// Stderr is PID 1's, which tells the first lines of what the runtime writes there when it crashes.
	stderr := output.NewQueue(output.NewFile(os.NewFile(uintptr(first.LogFD), "log")))
	defer stderr.Close(output.LastWords)
	log := output.NewLog(stderr, level, output.Style(first.LogStyle)).With("process", "percore:front")
	if err := serve(in, pipe, first, log); err != nil {
		log.Error("front door ended", "err", err)
		return self.ExitInternal
	}
	return self.ExitOK
}

// forbidNewPrivileges gives up for good what a bug in a parser could misuse (man 2 prctl, PR_SET_NO_NEW_PRIVS). PID
// 1 has chosen the user already. The bit belongs to a thread: a build with cgo cannot set it on all of them, and
// sets it on one that then becomes the whole process anew.
func forbidNewPrivileges(in self.Invocation) error {
	_, _, errno := syscall.AllThreadsSyscall6(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0)
	if errno == unix.ENOTSUP {
		if set, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0); err == nil && set == 1 {
			return nil
		}
		runtime.LockOSThread()
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return os.NewSyscallError("prctl", err)
		}
		return os.NewSyscallError("execve", syscall.Exec(self.Exe, append([]string{self.Name()}, in.Args...),
			in.Environ))
	}
	if errno != 0 {
		return os.NewSyscallError("prctl", errno)
	}
	return nil
}

// nameProcess sets what the kernel shows in ps and top; it is cosmetic, so an error does not matter.
func nameProcess() { _ = os.WriteFile("/proc/self/comm", []byte("percore-front"), 0) }

// serve runs the proxy, the link and the signals until the first of them ends.
func serve(in self.Invocation, pipe *os.File, first link.Wanted, log *slog.Logger) error {
	reports := link.NewSender(pipe)
	proxy, err := lbproxy.New(first.Options, inherited(first.Listeners), log, in.Stdout, func(r lbproxy.Report) {
		reports.Offer(link.Reported{Version: link.Version, Report: r})
	})
	if err != nil {
		return err
	}
	if err := proxy.Apply(first.Snapshot); err != nil {
		return err
	}
	var g run.Group
	g.Add(proxy.Run, func(error) { proxy.Close() })
	drains := newDrainOrder(first.Snapshot)
	g.Add(func() error { return follow(pipe, proxy, drains) }, func(error) { _ = pipe.Close() })
	g.Add(reports.Run, func(error) { reports.Close() })
	stop := make(chan struct{})
	g.Add(func() error { return finishOnTerm(in.Signals, stop, proxy.Finish, drains) }, func(error) { close(stop) })
	return g.Run()
}

func inherited(listeners []link.Listener) []socket.Listener {
	var list []socket.Listener
	for _, l := range listeners {
		file := os.NewFile(uintptr(l.FD), l.Address)
		list = append(list, socket.Listener{File: file, Address: l.Address, Loop: l.Loop})
	}
	return list
}

// follow applies PID 1's settings and snapshots. The end of the link is PID 1's end, and so ours.
func follow(pipe io.Reader, proxy *lbproxy.Proxy, drains *drainOrder) error {
	for {
		var wanted link.Wanted
		switch err := link.Read(pipe, &wanted); {
		case errors.Is(err, io.EOF) || errors.Is(err, os.ErrClosed):
			return nil
		case err != nil:
			return err
		}
		if err := link.CheckVersion(wanted.Version); err != nil {
			return err
		}
		if err := proxy.Configure(wanted.Options); err != nil {
			return err
		}
		if err := proxy.Apply(wanted.Snapshot); err != nil {
			return err
		}
		drains.note(wanted.Snapshot)
	}
}

// drainOrder is whether PID 1 has ordered the end of serving, which is never taken back.
type drainOrder struct {
	once  sync.Once
	given chan struct{} // closed when it was
}

func newDrainOrder(first lbproxy.Snapshot) *drainOrder {
	d := &drainOrder{given: make(chan struct{})}
	d.note(first)
	return d
}

func (d *drainOrder) note(s lbproxy.Snapshot) {
	if s.Drain {
		d.once.Do(func() { close(d.given) })
	}
}

// isGiven reports whether the order is there, or comes soon; it waits no longer than until stop.
func (d *drainOrder) isGiven(stop <-chan struct{}) bool {
	patience := time.NewTimer(orderPatience)
	defer patience.Stop()
	select {
	case <-d.given:
		return true
	case <-patience.C:
	case <-stop:
	}
	return false
}

// orderPatience is how long SIGTERM waits for the order that PID 1 has given before it: the signal can overtake what
// is in the link, on a machine that is busy or while the front door has only just begun.
const orderPatience = time.Second

// finishOnTerm obeys SIGTERM, by which PID 1 ends the front door when all workers are gone: what clients have not
// read yet is still theirs. From any other process it is a wish for a new front door, which PID 1 starts as soon as
// this one is gone; it goes on serving for orderPatience before. A terminal's signals reach PID 1 as well and are
// its business.
func finishOnTerm(signals <-chan os.Signal, stop <-chan struct{}, finish func(), drains *drainOrder) error {
	for {
		select {
		case s := <-signals:
			if s != syscall.SIGTERM {
				continue
			}
			if !drains.isGiven(stop) {
				return nil
			}
			finish()
		case <-stop:
			return nil
		}
	}
}
