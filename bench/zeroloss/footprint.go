package main

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"syscall"
	"time"

	"percore/e2e/proc"
)

const (
	respawns    = 8
	starts      = 3
	statusCalls = 5
	idleFor     = 10 * time.Second
	// stable is how long a worker has lived before it is killed: longer than STARTSECS, so that its end is no failed start.
	stable = 1300 * time.Millisecond
)

// footprint is what a stack costs and how fast it reacts while nobody asks anything.
type footprint struct {
	stack
	respawn   []time.Duration // from SIGKILL of a worker to the pid of the next
	start     []time.Duration // from exec to all workers accepting and the first 200
	stop      []time.Duration // from SIGTERM to the end of PID 1, idle
	rss, pss  int             // KiB, of everything that is no worker
	processes int             // that are no workers
	wakeUps   int             // of those in idleFor
	status    []time.Duration // CPU time of one status command
	wall      []time.Duration // and how long it takes
	err       error
}

// measure has the stack to itself: nothing else of this bench runs meanwhile.
func (l *lab) measure(ctx context.Context, s stack) footprint {
	f := footprint{stack: s}
	for range starts - 1 {
		if f.err = l.timeStart(&f, func(*service) error { return nil }); f.err != nil {
			return f
		}
	}
	f.err = l.timeStart(&f, func(service *service) error {
		time.Sleep(settled)
		f.idle(service)
		if err := f.timeStatus(ctx, service); err != nil {
			return err
		}
		return f.timeRespawns(service)
	})
	return f
}

// timeStart starts the stack, times its first answer, uses it, and times its stop. It asks when all ports accept: nginx, asked before,
// leaves the workers out for 10 s.
func (l *lab) timeStart(f *footprint, use func(*service) error) error {
	dir, how, err := f.prepare(l)
	if err != nil {
		return err
	}
	service, err := begin(how, dir)
	if err != nil {
		return err
	}
	defer service.kill()
	if err := service.awaitComplete(); err != nil {
		return err
	}
	f.start = append(f.start, time.Since(service.began))
	time.Sleep(settled)
	if err := use(service); err != nil {
		return err
	}
	f.stop = append(f.stop, service.stop())
	return nil
}

// idle reads memory and counts wake-ups once the start is digested.
func (f *footprint) idle(s *service) {
	_, others := s.workers()
	f.processes = len(others)
	f.rss, f.pss = proc.Memory(others)
	before := proc.Switches(others...)
	time.Sleep(idleFor)
	f.wakeUps = proc.Switches(others...) - before
}

func (f *footprint) timeStatus(ctx context.Context, s *service) error {
	for range statusCalls {
		if len(s.status) == 0 {
			return nil
		}
		cmd := exec.CommandContext(ctx, s.status[0], s.status[1:]...)
		cmd.Env = s.unshare.Command.Env
		began := time.Now()
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("ask for status: %w: %s", err, out)
		}
		f.wall = append(f.wall, time.Since(began))
		f.status = append(f.status, cmd.ProcessState.SystemTime()+cmd.ProcessState.UserTime())
	}
	return nil
}

// timeRespawns kills one worker after the other, each when all have lived long enough.
func (f *footprint) timeRespawns(s *service) error {
	for i := range respawns {
		old, _ := s.workers()
		if len(old) == 0 {
			return fmt.Errorf("kill worker %d: there is none", i)
		}
		killed := time.Now()
		_ = syscall.Kill(old[i%len(old)], syscall.SIGKILL) // gone is as good
		err := await("another worker", func() bool {
			now, _ := s.workers()
			return slices.ContainsFunc(now, func(pid int) bool { return !slices.Contains(old, pid) })
		})
		if err != nil {
			return err
		}
		f.respawn = append(f.respawn, time.Since(killed))
		if err := s.awaitComplete(); err != nil {
			return err
		}
		time.Sleep(stable)
	}
	return nil
}
