package pid1

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"percore/e2e/load"
)

// TestAFrontDoorThatHangsIsReplaced has it stand still as a whole, and then one loop of it alone.
func TestAFrontDoorThatHangsIsReplaced(t *testing.T) {
	t.Parallel()
	for name, hang := range map[string]func(*controlled, process){
		"all of it":     func(c *controlled, front process) { c.freeze(front) },
		"a single loop": stopOneLoop,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startControlled(t, 1, env{"PERCORE_LOOPS": "2"})
			if said, code := s.ctl("healthcheck"); code != 0 {
				t.Errorf("healthcheck before: got %q and %d, want 0", said, code)
			}
			front := s.front()
			began := time.Now()
			hang(s, front)
			if said, code := s.ctl("healthcheck"); code != 1 || !strings.Contains(said, "the front door does not answer") {
				t.Errorf("healthcheck: got %q and %d, want 1 and why", said, code)
			}
			run := load.Start(load.Options{Address: s.address, Path: "/", Clients: 4, Timeout: 2 * patience})
			s.awaitWithin(2*patience, "a new front door", func() bool { return s.alive(true)[frontName].PID != front.inside })
			t.Logf("a new front door after %v", time.Since(began).Round(time.Millisecond))
			s.await("answers", moreAnswers(run, 20))
			if got := run.Stop(); got.Count(load.Refused) > 0 {
				t.Errorf("got %v, want nobody refused", got)
			}
			if !s.said("degraded") {
				t.Error("the log has no word of it")
			}
			if said, code := s.ctl("healthcheck"); code != 0 {
				t.Errorf("healthcheck after: got %q and %d, want 0", said, code)
			}
			if code := s.stop(); code != 0 {
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
	s.awaitReady(1)
	front := s.front()
	s.freeze(front)
	time.Sleep(questionEvery + open)
	s.signal(syscall.SIGSTOP)
	time.Sleep(pause)
	s.signal(syscall.SIGCONT)
	time.Sleep(time.Second)
	if err := syscall.Kill(front.pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	s.awaitReady(1)
	if now := s.front(); now.pid != front.pid {
		t.Errorf("the front door: got %v, want still %v", now, front)
	}
	if s.said("degraded") {
		t.Error("the log calls it degraded")
	}
}

// freeze stops a process.
func (s *service) freeze(p process) {
	s.Helper()
	if err := syscall.Kill(p.pid, syscall.SIGSTOP); err != nil {
		s.Fatal(err)
	}
}

// stopOneLoop stops one thread of the front door, as a debugger does: one that waits in the epoll of a loop. A loop that has gone over to
// another thread in that moment turns on, and the next is tried.
func stopOneLoop(c *controlled, front process) {
	c.Helper()
	for range 10 {
		var tid int
		c.await("a thread in a loop's epoll", func() bool { tid = loopThread(front.pid); return tid != 0 })
		release := stopThread(c.service, tid)
		if _, code := c.ctl("healthcheck"); code == 1 {
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
	listening, _ := os.ReadFile(fmt.Sprintf("/proc/%d/net/tcp", pid))
	for _, match := range watched.FindAllSubmatch(info, -1) {
		link, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%s", pid, match[1]))
		inode := strings.TrimSuffix(strings.TrimPrefix(link, "socket:["), "]")
		if inode != link && bytes.Contains(listening, []byte(" 0A ")) && listens(listening, inode) {
			return true
		}
	}
	return false
}

// listens says whether /proc/net/tcp has a listening socket with this inode: the fields st and inode.
func listens(table []byte, inode string) bool {
	for line := range bytes.Lines(table) {
		if fields := strings.Fields(string(line)); len(fields) > 9 && fields[3] == "0A" && fields[9] == inode {
			return true
		}
	}
	return false
}
