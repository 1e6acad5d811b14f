package fleet

import (
	"syscall"
	"testing"

	"percore/reaper"
)

func TestARefusalIsLoggedWithItsExplanation(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(1)}}, func(r *rig) {
		r.kernel.refuse = func(n int) error {
			if n == 1 {
				return &reaper.SpawnError{Op: "exec", Path: "/bin/x", Err: syscall.EAGAIN}
			}
			return nil
		}
		r.run()
		r.expectStates("BACKOFF")
		r.expectLog(1, `exec /bin/x: resource temporarily unavailable (no more processes are allowed: pids.max or RLIMIT_NPROC is reached)`)
		r.finish()
	})
}

func TestOnlyAKillThatIsNotOursIsAskedOfTheMemory(t *testing.T) {
	for name, c := range map[string]struct {
		exit      reaper.Exit
		stopFirst bool
		asked     int
	}{
		"a SIGKILL from elsewhere": {reaper.Exit{Signal: syscall.SIGKILL}, false, 1},
		"a crash":                  {reaper.Exit{Signal: syscall.SIGSEGV}, false, 0},
		"an exit":                  {reaper.Exit{Code: 137}, false, 0},
		"our own SIGKILL":          {reaper.Exit{Signal: syscall.SIGKILL}, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			o := Options{Programs: []Program{tornado(1)}, OOMKilled: func(int) bool { asked++; return false }}
			inBubble(t, o, func(r *rig) {
				r.run()
				if c.stopFirst {
					r.finish()
				} else {
					r.die("tornado-8000", c.exit)
				}
				if asked != c.asked {
					t.Errorf("questions: got %d, want %d", asked, c.asked)
				}
				if !c.stopFirst {
					r.finish()
				}
			})
		})
	}
}

func TestLeftoversAreToldOf(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(1)}}, func(r *rig) {
		r.run()
		if spec := r.process("tornado-8000").spec; !spec.KillLeftovers || !spec.KillDescendants {
			t.Error("what the worker starts: got it kept, want it ended with the worker")
		}
		r.die("tornado-8000", reaper.Exit{Code: 1, Leftovers: "77 (sleep)"})
		r.expectLog(1, "what it left behind was ended: 77 (sleep)")
		r.finish()
	})
}

func TestARefusalToChangeUsersIsLoggedWithWhatItTakes(t *testing.T) {
	p := tornado(1)
	p.Credential = &reaper.Credential{UID: 33}
	inBubble(t, Options{Programs: []Program{p}}, func(r *rig) {
		r.kernel.refuse = func(int) error { return &reaper.SpawnError{Op: "exec", Path: "/bin/x", Err: syscall.EPERM} }
		r.run()
		r.expectEnd(126, "exec /bin/x: operation not permitted (to run it as uid 33 takes root")
	})
}
