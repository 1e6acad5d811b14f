package reaper_test

import (
	"os"
	"syscall"
	"testing"
	"time"

	"percore/reaper"
)

func TestKillReachesSessionsOfTheirOwnWhereTheTreeIsAskedFor(t *testing.T) {
	for name, c := range map[string]struct {
		tree    bool
		survive bool
	}{
		"asked for": {true, false},
		"not asked": {false, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := adopter(t)
			reader, writer := pipe(t)
			exits := make(chan reaper.Exit, 1)
			p, err := r.Spawn(reaper.Spec{
				Path: "/bin/sh", Args: []string{"sh", "-c", `setsid sh -c 'echo $$; exec sleep 60' & wait`}, Env: os.Environ(),
				Files: []*os.File{nil, writer, os.Stderr}, KillTree: c.tree, Exited: func(e reaper.Exit) { exits <- e },
			})
			if err != nil {
				t.Fatal(err)
			}
			writer.Close()
			daemon := readPID(t, reader)
			if err := p.Signal(syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			await(t, exits)
			if c.survive {
				if err := syscall.Kill(daemon, syscall.SIGKILL); err != nil {
					t.Errorf("the daemon without the tree: got %v, want it alive", err)
				}
			}
			for deadline := time.Now().Add(patience); syscall.Kill(daemon, 0) != syscall.ESRCH; time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("the daemon: got it alive, want it killed and reaped")
				}
			}
		})
	}
}
