package pid1

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"percore/e2e/load"
	"percore/e2e/proc"
	"percore/e2e/rig"
)

// TestAFrontDoorThatHangsIsReplaced has it stand still as a whole, and then one loop of it alone.
func TestAFrontDoorThatHangsIsReplaced(t *testing.T) {
	t.Parallel()
	for name, hang := range map[string]func(*service, proc.Process){
		"all of it":     func(c *service, front proc.Process) { c.freeze(front) },
		"a single loop": stopOneLoop,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startControlled(t, 1, env{"PERCORE_LOOPS": "2"})
			if said, code := s.Ctl("healthcheck"); code != 0 {
				t.Errorf("healthcheck before: got %q and %d, want 0", said, code)
			}
			front := s.Front()
			began := time.Now()
			hang(s, front)
			if said, code := s.Ctl("healthcheck"); code != 1 || !strings.Contains(said, "the front door does not answer") {
				t.Errorf("healthcheck: got %q and %d, want 1 and why", said, code)
			}
			run := load.Start(load.Options{Address: s.Address, Path: "/", Clients: 4, Timeout: 2 * rig.Patience})
			s.AwaitWithin(2*rig.Patience, "a new front door", func() bool { return s.Alive(true)[rig.FrontName].PID != front.Inside })
			t.Logf("a new front door after %v", time.Since(began).Round(time.Millisecond))
			s.Await("answers", moreAnswers(run, 20))
			if got := run.Stop(); got.Count(load.Refused) > 0 {
				t.Errorf("got %v, want nobody refused", got)
			}
			if !s.Said("degraded") {
				t.Error("the log has no word of it")
			}
			if said, code := s.Ctl("healthcheck"); code != 0 {
				t.Errorf("healthcheck after: got %q and %d, want 0", said, code)
			}
			if code := s.Stop(); code != 0 {
				t.Errorf("exit code: got %d, want 0", code)
			}
		})
	}
}

// TestAPausedContainerIsNotTakenForAHang stops PID 1 and the front door while a question is open, for longer than it takes to notice a
// hang, as docker pause does, and lets the front door go on last.
func TestAPausedContainerIsNotTakenForAHang(t *testing.T) {
	t.Parallel()
	const questionEvery, open, pause = 10 * time.Second, 2 * time.Second, 7 * time.Second
	s := start(t, env{"PERCORE_WORKERS": "1"}, "demo")
	s.AwaitReady(1)
	front := s.Front()
	s.freeze(front)
	ready := s.Lines("worker ready")[0].Time // of the front door, which is the first: it has just answered the first question
	time.Sleep(time.Until(ready.Add(questionEvery + open)))
	s.Signal(syscall.SIGSTOP)
	time.Sleep(pause)
	s.Signal(syscall.SIGCONT)
	time.Sleep(time.Second)
	if err := syscall.Kill(front.PID, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	s.AwaitReady(1)
	if now := s.Front(); now.PID != front.PID {
		t.Errorf("the front door: got %v, want still %v", now, front)
	}
	if s.Said("degraded") {
		t.Error("the log calls it degraded")
	}
}

// freeze stops a process.
func (s *service) freeze(p proc.Process) {
	s.Helper()
	if err := syscall.Kill(p.PID, syscall.SIGSTOP); err != nil {
		s.Fatal(err)
	}
}

// stopOneLoop stops one thread of the front door, as a debugger does: one that waits in the epoll of a loop. A loop that has gone over to
// another thread in that moment turns on, and the next is tried.
func stopOneLoop(c *service, front proc.Process) {
	c.Helper()
	for range 10 {
		var tid int
		c.Await("a thread in a loop's epoll", func() bool { tid = loopThread(front.PID); return tid != 0 })
		release := stopThread(c, tid)
		if _, code := c.Ctl("healthcheck"); code == 1 {
			return // the tracer goes on until the thread is killed
		}
		close(release)
	}
	c.Fatal("no loop could be stopped")
}

// stopThread stops a thread until it is killed or released.
func stopThread(s *service, tid int) (release chan struct{}) {
	s.Helper()
	stopped, release := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread() // the tracer is a thread; it ends with this goroutine, and its tracing with it
		err := unix.PtraceSeize(tid)
		if err == nil {
			err = unix.PtraceInterrupt(tid)
		}
		stopped <- err
		for err == nil { // a thread that is traced is not gone until its tracer has heard of its end
			select {
			case <-release:
				return
			default:
			}
			var status unix.WaitStatus
			var pid int
			if pid, err = unix.Wait4(tid, &status, unix.WALL|unix.WNOHANG, nil); pid == tid && (status.Exited() || status.Signaled()) {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	if err := <-stopped; err != nil {
		s.Fatal("stop a thread:", err)
	}
	return release
}

// loopThread is a thread that waits in an epoll which has a listening socket in it; 0 when there is none.
func loopThread(pid int) int {
	calls, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/syscall", pid))
	for _, file := range calls {
		text, _ := os.ReadFile(file)
		fields := strings.Fields(string(text))
		if len(fields) < 2 {
			continue
		}
		fd, err := strconv.ParseUint(fields[1], 0, 64)
		if err != nil || !listensIn(pid, int(fd)) {
			continue
		}
		tid, _ := strconv.Atoi(strings.Split(file, "/")[4])
		return tid
	}
	return 0
}

var watched = regexp.MustCompile(`tfd: +(\d+)`)

// listensIn says whether a descriptor is an epoll with a listening socket in it (man 5 proc, /proc/PID/fdinfo).
func listensIn(pid, epoll int) bool {
	info, _ := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%d", pid, epoll))
	sockets := proc.Sockets(pid)
	for _, match := range watched.FindAllSubmatch(info, -1) {
		link, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%s", pid, match[1]))
		inode := strings.TrimSuffix(strings.TrimPrefix(link, "socket:["), "]")
		if slices.ContainsFunc(sockets, func(s proc.Socket) bool { return s.Listening && s.Inode == inode }) {
			return true
		}
	}
	return false
}
