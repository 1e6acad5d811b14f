package reaper_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"testing"

	"percore/reaper"
)

func TestWhatAFailedStartComesTo(t *testing.T) {
	for name, c := range map[string]struct {
		err       reaper.SpawnError
		text      string
		code      int
		retriable bool
	}{
		"no such command":        {reaper.SpawnError{Op: "find", Path: "x", Err: syscall.ENOENT}, "find x: no such file or directory", 127, false},
		"no such file":           {reaper.SpawnError{Op: "exec", Path: "/x", Err: syscall.ENOENT}, "exec /x: no such file or directory", 127, false},
		"no such directory":      {reaper.SpawnError{Op: "chdir", Path: "/x", Err: syscall.ENOENT}, "chdir /x: no such file or directory", 126, false},
		"it may not be run":      {reaper.SpawnError{Op: "exec", Path: "/x", Err: syscall.EACCES}, "exec /x: permission denied", 126, false},
		"it is no program":       {reaper.SpawnError{Op: "exec", Path: "/x", Err: syscall.ENOEXEC}, "exec /x: exec format error", 126, false},
		"it is being written":    {reaper.SpawnError{Op: "exec", Path: "/x", Err: syscall.ETXTBSY}, "exec /x: text file busy", 126, true},
		"too many processes":     {reaper.SpawnError{Op: "exec", Path: "/x", Err: syscall.EAGAIN}, "exec /x: resource temporarily unavailable", 126, true},
		"no memory":              {reaper.SpawnError{Op: "exec", Path: "/x", Err: syscall.ENOMEM}, "exec /x: cannot allocate memory", 126, true},
		"too many open files":    {reaper.SpawnError{Op: "exec", Path: "/x", Err: syscall.EMFILE}, "exec /x: too many open files", 126, true},
		"the machine has enough": {reaper.SpawnError{Op: "exec", Path: "/x", Err: syscall.ENFILE}, "exec /x: too many open files in system", 126, true},
	} {
		if got := c.err.Error(); got != c.text {
			t.Errorf("%s: got %q, want %q", name, got, c.text)
		}
		if got := c.err.ExitCode(); got != c.code {
			t.Errorf("%s: got code %d, want %d", name, got, c.code)
		}
		if got := c.err.Retriable(); got != c.retriable {
			t.Errorf("%s: got it to be tried again: %v, want %v", name, got, c.retriable)
		}
		if !errors.Is(fmt.Errorf("start: %w", &c.err), c.err.Err) {
			t.Errorf("%s: got the kernel's reason lost", name)
		}
	}
	missing := &reaper.SpawnError{Op: "exec", Path: "/x", Err: syscall.ENOENT}
	if !errors.Is(missing, fs.ErrNotExist) {
		t.Error("a missing file: got it unlike other missing files")
	}
}

func TestAFakeProcessHandsOnWhatItIsSent(t *testing.T) {
	var sent []syscall.Signal
	p := reaper.NewProcess(77, func(sig syscall.Signal) error {
		sent = append(sent, sig)
		return os.ErrProcessDone
	})
	if err := errors.Join(p.Signal(syscall.SIGHUP), p.Stop(syscall.SIGTERM)); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("got %v, want what the function says", err)
	}
	if p.PID() != 77 || fmt.Sprint(sent) != "[hangup terminated]" {
		t.Errorf("got pid %d and %v, want 77, and both", p.PID(), sent)
	}
}
