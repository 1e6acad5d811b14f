package reaper

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestAShortageIsExplained(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want string // a part of the explanation; empty for none
	}{
		"pids.max":            {&SpawnError{Op: "exec", Path: "/bin/x", Err: syscall.EAGAIN}, "pids.max or RLIMIT_NPROC"},
		"memory":              {&SpawnError{Op: "exec", Path: "/bin/x", Err: syscall.ENOMEM}, "no memory"},
		"a deployment":        {&SpawnError{Op: "exec", Path: "/bin/x", Err: syscall.ETXTBSY}, "being written"},
		"pipes":               {fmt.Errorf("open descriptors: %w", os.NewSyscallError("pipe2", syscall.EMFILE)), "RLIMIT_NOFILE"},
		"the whole machine":   {os.NewSyscallError("pipe2", syscall.ENFILE), "machine"},
		"a missing program":   {&SpawnError{Op: "find", Path: "x", Err: syscall.ENOENT}, ""},
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

func TestAStartThatFailsIsExplained(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "main.py")
	if err := os.WriteFile(script, []byte("#!/no/such/python3\r\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	refused := func(op, path string, errno error) error { return &SpawnError{Op: op, Path: path, Err: errno} }
	user := &Credential{UID: 33}
	for name, c := range map[string]struct {
		spec Spec
		err  error
		want string // a part of the explanation; empty for none
	}{
		"another user": {
			Spec{Credential: user},
			refused("exec", "/bin/x", syscall.EPERM),
			"uid 33 takes root and the capabilities SETUID and SETGID",
		},
		"the same user":  {Spec{}, refused("exec", "/bin/x", syscall.EPERM), ""},
		"a shell's line": {Spec{Args: []string{"python3 main.py"}}, refused("find", "python3 main.py", syscall.ENOENT), "one argument"},
		"no program":     {Spec{Args: []string{"python4", "main.py"}}, refused("find", "python4", syscall.ENOENT), ""},
		"no file":        {Spec{Args: []string{"/no/x"}}, refused("exec", "/no/x", syscall.ENOENT), ""},
		"no interpreter": {Spec{Args: []string{script}}, refused("exec", script, syscall.ENOENT), "interpreter that its first line names"},
		"no interpreter, in DIRECTORY": {
			Spec{Dir: dir, Args: []string{"./main.py"}},
			refused("exec", "./main.py", syscall.ENOENT),
			"interpreter that its first line names",
		},
		"no directory":      {Spec{Dir: "/no/x"}, refused("chdir", "/no/x", syscall.ENOENT), ""},
		"no more processes": {Spec{Credential: user}, refused("exec", "/bin/x", syscall.EAGAIN), "pids.max"},
	} {
		if got := c.spec.Explain(c.err); !strings.Contains(got, c.want) || (c.want == "") != (got == "") {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
