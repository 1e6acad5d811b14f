package reaper

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// ErrClosed is what Spawn gives after Close.
var ErrClosed = errors.New("reaper is closed")

// Reaper owns every child: it alone forks, waits and kills. Make one per process; a second one would steal
// the first one's exit statuses.
type Reaper struct {
	log     *slog.Logger
	chld    chan os.Signal
	calls   chan func() // work for the forking thread
	closing chan struct{}
	close   sync.Once
	orphans atomic.Uint64

	// The rest belongs to Run's goroutine.
	processes map[int]*Process        // by pid
	held      map[*Process]*leftovers // of dead children that something is left of
	lookTime  <-chan time.Time        // when to look at them again; nil when none is held
	look      time.Duration           // the pause before that look
	salt      uint64                  // of the marks of its children
	marks     uint64                  // given so far
	confined  confined                // nil until a child is to have no new privileges
}

// New subscribes to SIGCHLD and marks every inherited descriptor above 2 close-on-exec, so that a child gets
// what its Spec names and nothing else. Children forked or orphans adopted before Run are found by Run's first look.
func New(log *slog.Logger) *Reaper {
	r := &Reaper{
		log:       log,
		chld:      make(chan os.Signal, 1), // one is enough: a SIGCHLD that waits covers those after it
		calls:     make(chan func()),
		closing:   make(chan struct{}),
		processes: make(map[int]*Process),
		held:      make(map[*Process]*leftovers),
		salt:      markSalt(),
	}
	signal.Notify(r.chld, syscall.SIGCHLD)
	if err := sealDescriptors(); err != nil {
		log.Warn("inherited descriptors may reach the workers", "err", err)
	}
	return r
}

// Run forks, kills and reaps until Close. It is called once, from a goroutine of its own, and always returns nil.
//
// The goroutine stays locked to its thread: the kernel sends a child its parent-death signal when the thread
// that forked it ends, not when the process does (golang.org/issue/27505). It is unlocked on return, because
// a locked goroutine takes its thread along when it ends.
func (r *Reaper) Run() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer signal.Stop(r.chld)
	r.drain()
	for {
		select {
		case <-r.chld:
			r.drain()
		case call := <-r.calls:
			call()
		case <-r.lookTime:
			r.lookAgain()
		case <-r.closing:
			return nil
		}
	}
}

// Close makes Run return and every later Spawn and Signal fail. It may be called more than once. Children
// that still live are no worker's after it, so it comes last.
func (r *Reaper) Close() { r.close.Do(func() { close(r.closing) }) }

// Spawn starts a child. It is safe from any goroutine, waits for Run, and returns when execve succeeded or
// failed: a *SpawnError, or ErrClosed.
func (r *Reaper) Spawn(s Spec) (*Process, error) {
	var p *Process
	var err error
	if !r.do(func() { p, err = r.spawn(s) }) {
		return nil, fmt.Errorf("spawn %s: %w", s.Path, ErrClosed)
	}
	return p, err
}

// Orphans counts the adopted children that were reaped: processes whose own parent died before them.
func (r *Reaper) Orphans() uint64 { return r.orphans.Load() }

// do runs call on the forking thread and waits for it; false means that the reaper is closed.
func (r *Reaper) do(call func()) bool {
	done := make(chan struct{})
	select {
	case r.calls <- func() { defer close(done); call() }:
		<-done
		return true
	case <-r.closing:
		return false
	}
}

func (r *Reaper) spawn(s Spec) (*Process, error) {
	if s.KillDescendants {
		r.marks++
		s.mark = mark(r.salt + r.marks)
	}
	started := time.Now() // a child may have lived a while when the fork is noticed here
	pid, err := r.fork(s)
	if err != nil {
		return nil, err
	}
	s.Files, s.Env = nil, nil // the caller opened them and closes them
	p := &Process{pid: pid, started: started, spec: s}
	p.signal = func(sig syscall.Signal) error { return r.signal(p, sig) }
	p.stop = func(sig syscall.Signal) error { return r.stop(p, sig) }
	r.processes[pid] = p
	return p, nil
}

func (r *Reaper) fork(s Spec) (pid int, err error) {
	if !s.NoNewPrivs {
		return fork(s)
	}
	if r.confined == nil {
		r.confined = newConfined()
	}
	return r.confined.fork(s)
}

func (r *Reaper) signal(p *Process, sig syscall.Signal) error {
	err := os.ErrProcessDone
	r.do(func() {
		l := r.held[p]
		switch {
		case r.processes[p.pid] == p:
			err = p.send(sig)
		case l != nil && sig == syscall.SIGKILL:
			l.kill()
			r.setClock()
			err = nil
		}
	})
	return err
}

func (r *Reaper) stop(p *Process, sig syscall.Signal) error {
	err := os.ErrProcessDone
	r.do(func() {
		if r.processes[p.pid] == p {
			err = p.sendStop(sig)
		}
	})
	return err
}

// drain takes every status the kernel has: one SIGCHLD may stand for many deaths. Each child is looked at
// before it is reaped, because until then its number is its own.
func (r *Reaper) drain() {
	for {
		pid, err := deadChild()
		if err != nil {
			r.log.Error("wait for children", "err", os.NewSyscallError("waitid", err))
			break
		}
		if pid == 0 {
			break
		}
		r.endLeftovers(pid)
		_, status, err := reap(pid)
		if err != nil {
			r.log.Error("wait for children", "pid", pid, "err", os.NewSyscallError("wait4", err))
			break
		}
		r.settle(pid, status)
	}
	r.releaseHeld()
}

func (r *Reaper) settle(pid int, status syscall.WaitStatus) {
	p, known := r.processes[pid]
	if !known {
		r.orphans.Add(1)
		if r.log.Enabled(context.Background(), slog.LevelDebug) { // there may be thousands a second
			r.log.Debug("orphan reaped", "pid", pid, "reason", newExit(pid, status, time.Now()).String())
		}
		return
	}
	delete(r.processes, pid)
	r.report(p, newExit(pid, status, p.started))
}
