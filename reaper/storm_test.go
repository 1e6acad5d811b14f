package reaper_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"percore/reaper"
)

// TestManyGoroutinesSpawnAndSignalAtOnce is the storm in which statuses get lost and wrong pids get killed, in
// programs that fork, wait and kill from several places.
func TestManyGoroutinesSpawnAndSignalAtOnce(t *testing.T) {
	r := start(t)
	const owners, livesEach = 8, 25
	var all sync.WaitGroup
	for owner := range owners {
		all.Go(func() {
			for life := range livesEach {
				stormyLife(t, r, owner*livesEach+life)
			}
		})
	}
	all.Wait()
	eventually(t, "no child is left", noChildren)
}

// stormyLife starts a child that ends by itself with code number%256, or by our signal, whichever comes first.
func stormyLife(t *testing.T, r *reaper.Reaper, number int) {
	exits := make(chan reaper.Exit, 2)
	script := "exit $0"
	if number%2 == 0 {
		script = "sleep 30"
	}
	p, err := r.Spawn(reaper.Spec{
		Path: "/bin/sh", Args: []string{itoa(number % 256), "-c", script, itoa(number % 256)}, Env: os.Environ(),
		Exited: func(e reaper.Exit) { exits <- e },
	})
	if err != nil {
		t.Errorf("spawn %d: %v", number, err)
		return
	}
	if number%2 == 0 {
		time.Sleep(time.Duration(rand.IntN(3)) * time.Millisecond)
		if err := p.Signal(syscall.SIGKILL); err != nil {
			t.Errorf("signal %d: %v", number, err)
		}
	}
	select {
	case e := <-exits:
		if e.PID != p.PID() || (number%2 == 0) != (e.Signal == syscall.SIGKILL) || (number%2 == 1 && e.Code != number%256) {
			t.Errorf("child %d, pid %d: got %+v", number, p.PID(), e)
		}
	case <-time.After(patience):
		t.Errorf("child %d: got no exit within %v", number, patience)
	}
	if err := p.Signal(syscall.SIGKILL); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("signal %d after its end: got %v, want %v", number, err, os.ErrProcessDone)
	}
}

func TestAStoppedChildIsNotAnEnd(t *testing.T) {
	r := start(t)
	p, exits := spawn(t, r, "kill -STOP $$; exit 9")
	eventually(t, "the child is stopped", func() bool { return stateOf(p.PID()) == 'T' })
	if len(exits) != 0 {
		t.Errorf("a stopped child: got an exit, want none")
	}
	if err := p.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if e := await(t, exits); e.Code != 9 {
		t.Errorf("the continued child: got %v, want code 9", e)
	}
}

func TestAStoppedChildHearsThatItIsToEnd(t *testing.T) {
	r := start(t)
	p, exits := spawn(t, r, "kill -STOP $$; sleep 60")
	eventually(t, "the child is stopped", func() bool { return stateOf(p.PID()) == 'T' })
	if err := p.Stop(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if e := await(t, exits); e.Signal != syscall.SIGTERM {
		t.Errorf("the stopped child: got %v, want killed by SIGTERM", e)
	}
}

func TestOrphansThatWereThereBeforeRunAreReaped(t *testing.T) {
	pid, err := syscall.ForkExec("/bin/true", []string{"true"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the child is a zombie", func() bool { return stateOf(pid) == 'Z' })
	r := start(t)
	eventually(t, "it is reaped without a new SIGCHLD", func() bool { return r.Orphans() == 1 })
}

// stateOf is the letter in /proc/PID/stat (man 5 proc); 0 when there is no such process.
func stateOf(pid int) byte {
	stat, err := os.ReadFile("/proc/" + itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	_, rest, _ := cutLast(string(stat), ") ")
	if rest == "" {
		return 0
	}
	return rest[0]
}
