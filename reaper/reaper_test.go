package reaper_test

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"percore/reaper"
)

func TestEveryExitCodeReachesItsOwner(t *testing.T) {
	r := start(t)
	for code := range 256 {
		p, exits := spawn(t, r, "exit "+strconv.Itoa(code))
		e := await(t, exits)
		if e.Status() != code || e.Signal != 0 || e.PID != p.PID() {
			t.Errorf("sh -c 'exit %d': got %+v, want code %d and pid %d", code, e, code, p.PID())
		}
	}
}

func TestEveryDeadlySignalIsReported(t *testing.T) {
	r := start(t)
	deadly := []syscall.Signal{
		syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGILL, syscall.SIGABRT, syscall.SIGBUS,
		syscall.SIGFPE, syscall.SIGKILL, syscall.SIGUSR1, syscall.SIGSEGV, syscall.SIGUSR2, syscall.SIGPIPE,
		syscall.SIGALRM, syscall.SIGTERM,
	}
	catchIgnored(t)
	for _, sig := range deadly {
		_, exits := spawn(t, r, fmt.Sprintf("ulimit -c 0; kill -%d $$; sleep 60", int(sig)))
		e := await(t, exits)
		if e.Signal != sig || e.Status() != 128+int(sig) {
			t.Errorf("%v: got %v with status %d, want status %d", sig, e, e.Status(), 128+int(sig))
		}
	}
}

func TestTwoHundredChildrenThatDieTogetherLoseNoStatus(t *testing.T) {
	r := start(t)
	hold, release := gate(t)
	const children = 200
	type end struct{ want, got int }
	ends := make(chan end, children)
	for i := range children {
		_, err := r.Spawn(reaper.Spec{
			Path: "/bin/sh", Args: []string{"sh", "-c", fmt.Sprintf("read x; exit %d", i)},
			Files:  []*os.File{hold, nil, nil},
			Exited: func(e reaper.Exit) { ends <- end{i, e.Status()} },
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	release.Close()
	for range children {
		if e := await(t, ends); e.got != e.want {
			t.Errorf("child %d: got status %d, want %d", e.want, e.got, e.want)
		}
	}
}

func TestADeathDuringTheForkIsNotMissed(t *testing.T) {
	r := start(t)
	for range 100 {
		exits := make(chan reaper.Exit, 2)
		_, err := r.Spawn(reaper.Spec{Path: "/bin/false", Exited: func(e reaper.Exit) { exits <- e }})
		if err != nil {
			t.Fatal(err)
		}
		if e := await(t, exits); e.Code != 1 {
			t.Errorf("/bin/false: got %v, want code 1", e)
		}
		if len(exits) != 0 {
			t.Errorf("Exited: got a second call, want one")
		}
	}
}

func TestOrphansAreReapedAndCounted(t *testing.T) {
	if err := reaper.Subreaper(); err != nil {
		t.Skipf("no subreaper here: %v", err)
	}
	r := start(t)
	_, exits := spawn(t, r, "for i in 1 2 3; do sh -c 'exit 5' & done; exit 0")
	if e := await(t, exits); e.Status() != 0 {
		t.Errorf("the orphans' parent: got %v, want code 0", e)
	}
	_, exits = spawn(t, r, "sh -c 'sleep 0.05 & exit 0'; exit 7")
	if e := await(t, exits); e.Status() != 7 {
		t.Errorf("the grandparent: got %v, want code 7", e)
	}
	eventually(t, "the sleeping orphan is reaped", func() bool { return r.Orphans() >= 1 })
	eventually(t, "no child is left", noChildren)
}

// noChildren asks without reaping (WNOWAIT), which would be the reaper's work.
func noChildren() bool {
	const pAll, wExited, wNoHang, wNoWait = 0, 4, 1, 0x01000000
	_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, pAll, 0, 0, wExited|wNoHang|wNoWait, 0, 0)
	return errno == syscall.ECHILD
}

func TestASignalReachesTheWholeGroup(t *testing.T) {
	if err := reaper.Subreaper(); err != nil {
		t.Skipf("no subreaper here: %v", err)
	}
	r := start(t)
	reader, writer := pipe(t)
	p, exits := spawn(t, r, "sleep 60 & echo $!; wait", nil, writer)
	grandchild := readPID(t, reader)
	if err := p.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if e := await(t, exits); e.Signal != syscall.SIGKILL {
		t.Errorf("the leader: got %v, want killed by SIGKILL", e)
	}
	eventually(t, "the grandchild is gone", func() bool { return syscall.Kill(grandchild, 0) == syscall.ESRCH })
}

func TestASignalAfterTheReapingIsRefused(t *testing.T) {
	r := start(t)
	p, exits := spawn(t, r, "exit 0")
	await(t, exits)
	if err := p.Signal(syscall.SIGKILL); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("Signal after the reaping: got %v, want %v", err, os.ErrProcessDone)
	}
}

func TestAChildDiesWithItsParent(t *testing.T) {
	if err := reaper.Subreaper(); err != nil {
		t.Skipf("no subreaper here: %v", err)
	}
	r := start(t)
	reader, writer := pipe(t)
	exits := make(chan reaper.Exit, 1)
	parent, err := r.Spawn(reaper.Spec{
		Path: "/proc/self/exe", Args: []string{"percore", "child:parent"}, Env: os.Environ(),
		Files: []*os.File{nil, writer, os.Stderr}, Exited: func(e reaper.Exit) { exits <- e },
	})
	if err != nil {
		t.Fatal(err)
	}
	sleeper := readPID(t, reader)
	if group, err := syscall.Getpgid(sleeper); err != nil || group != sleeper {
		t.Errorf("the child's process group: got %d (error %v), want its pid %d", group, err, sleeper)
	}
	if err := parent.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	await(t, exits)
	eventually(t, "the sleeper died with its parent", func() bool { return syscall.Kill(sleeper, 0) == syscall.ESRCH })
}

func TestSpawnAfterCloseIsRefused(t *testing.T) {
	r := start(t)
	p, exits := spawn(t, r, "exit 0")
	await(t, exits)
	r.Close()
	if _, err := r.Spawn(reaper.Spec{Path: "/bin/true"}); !errors.Is(err, reaper.ErrClosed) {
		t.Errorf("Spawn after Close: got %v, want %v", err, reaper.ErrClosed)
	}
	if err := p.Signal(syscall.SIGTERM); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("Signal after Close: got %v, want %v", err, os.ErrProcessDone)
	}
}

func TestUptimeIsMeasuredFromTheFork(t *testing.T) {
	r := start(t)
	_, exits := spawn(t, r, "sleep 0.1")
	if e := await(t, exits); e.Uptime < 100*time.Millisecond || time.Since(e.At) > patience {
		t.Errorf("sleep 0.1: got uptime %v, reaped at %v; want at least 100ms, just now", e.Uptime, e.At)
	}
}
