package fleet

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"percore/reaper"
)

func TestAShortageIsExplained(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want string // a part of the explanation; empty for none
	}{
		"pids.max":            {&reaper.SpawnError{Op: "exec", Path: "/bin/x", Err: syscall.EAGAIN}, "pids.max or RLIMIT_NPROC"},
		"memory":              {&reaper.SpawnError{Op: "exec", Path: "/bin/x", Err: syscall.ENOMEM}, "no memory"},
		"a deployment":        {&reaper.SpawnError{Op: "exec", Path: "/bin/x", Err: syscall.ETXTBSY}, "being written"},
		"pipes":               {fmt.Errorf("open descriptors: %w", os.NewSyscallError("pipe2", syscall.EMFILE)), "RLIMIT_NOFILE"},
		"the whole machine":   {os.NewSyscallError("pipe2", syscall.ENFILE), "machine"},
		"a missing program":   {&reaper.SpawnError{Op: "find", Path: "x", Err: syscall.ENOENT}, ""},
		"what nobody foresaw": {errors.New("odd"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := shortage(c.err)
			if !strings.Contains(got, c.want) || (c.want == "") != (got == "") {
				t.Errorf("explanation of %v: got %q, want %q", c.err, got, c.want)
			}
		})
	}
}

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

func TestAStartThatFailsIsExplained(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "main.py")
	if err := os.WriteFile(script, []byte("#!/no/such/python3\r\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	refused := func(op, path string, errno error) error { return &reaper.SpawnError{Op: op, Path: path, Err: errno} }
	user := &reaper.Credential{UID: 33}
	for name, c := range map[string]struct {
		program Program
		err     error
		want    string // a part of the explanation; empty for none
	}{
		"another user":                 {Program{Credential: user}, refused("exec", "/bin/x", syscall.EPERM), "uid 33 takes root and the capabilities SETUID and SETGID"},
		"the same user":                {Program{}, refused("exec", "/bin/x", syscall.EPERM), ""},
		"a shell's line":               {Program{Command: []string{"python3 main.py"}}, refused("find", "python3 main.py", syscall.ENOENT), "one argument"},
		"no program":                   {Program{Command: []string{"python4", "main.py"}}, refused("find", "python4", syscall.ENOENT), ""},
		"no file":                      {Program{Command: []string{"/no/x"}}, refused("exec", "/no/x", syscall.ENOENT), ""},
		"no interpreter":               {Program{Command: []string{script}}, refused("exec", script, syscall.ENOENT), "interpreter that its first line names"},
		"no interpreter, in DIRECTORY": {Program{Dir: dir, Command: []string{"./main.py"}}, refused("exec", "./main.py", syscall.ENOENT), "interpreter that its first line names"},
		"no directory":                 {Program{Dir: "/no/x"}, refused("chdir", "/no/x", syscall.ENOENT), ""},
		"no more processes":            {Program{Credential: user}, refused("exec", "/bin/x", syscall.EAGAIN), "pids.max"},
	} {
		if got := c.program.explain(c.err); !strings.Contains(got, c.want) || (c.want == "") != (got == "") {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
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
