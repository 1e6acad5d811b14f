package ctl_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"percore/entrypoint/control"
	"percore/entrypoint/control/ctl"
)

// deaf is a socket whose percore has been killed.
func deaf(t *testing.T) control.Place {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	return control.Place(path)
}

// Every command that asks says in supervisorctl's words why it cannot, with supervisorctl's code.
func TestWhatIsSaidWhereNothingAnswers(t *testing.T) {
	none, dead := control.Place(filepath.Join(t.TempDir(), "s")), deaf(t)
	for _, line := range []string{
		"status", "start a", "stop a", "restart a", "signal HUP a", "pid", "tail a", "clear a", "fg a", "version",
		"maintail", "scale 2", "drain a", "undrain a", "logs",
		"avail", "add a", "remove a", "reread", "update", "reload",
	} {
		for place, c := range map[control.Place]struct {
			text string
			code int
		}{none: {" no such file\n", 7}, dead: {" refused connection\n", 4}} {
			var out bytes.Buffer
			tool := &ctl.Tool{Out: &out, Place: place, Proc: fstest.MapFS{}}
			want := c.code
			if line == "status" {
				want = control.CodeUnknown
			}
			if code := tool.Run(strings.Fields(line)); code != want || out.String() != "unix://"+string(place)+c.text {
				t.Errorf("%s: got code %d and %q, want %d and %q", line, code, &out, want, c.text)
			}
		}
	}
	for place, want := range map[control.Place]string{none: "no such file (already shut down?)", dead: "refused connection (already shut down?)"} {
		var out bytes.Buffer
		code := (&ctl.Tool{Out: &out, Place: place, Proc: fstest.MapFS{}}).Run([]string{"shutdown"})
		if code != 1 || out.String() != "ERROR: unix://"+string(place)+" "+want+"\n" {
			t.Errorf("shutdown: got code %d and %q, want 1 and %q", code, &out, want)
		}
		out.Reset()
		code = (&ctl.Tool{Out: &out, Place: place, Proc: fstest.MapFS{}}).Run([]string{"healthcheck"})
		if code != 1 || !strings.HasPrefix(out.String(), "unhealthy: percore cannot be asked: ") {
			t.Errorf("healthcheck: got code %d and %q, want 1 and that it is unhealthy", code, &out)
		}
	}
}

func TestWhatNeedsNoServerAsksNone(t *testing.T) {
	for line, want := range map[string]struct {
		code int
		text string
	}{
		"help":              {0, "default commands (type help <topic>)"},
		"help status":       {0, "status <name>\t\tGet status for a single process"},
		"help two words":    {0, "*** No help on two words"},
		"quit":              {0, "\n"},
		"open http://x":     {1, "ERROR: url must be http:// or unix://"},
		"update --nope=1":   {7, "no such file"},
		"avail x":           {1, "Error: avail accepts no arguments\navail\t"},
		"reload x":          {1, "Error: reload accepts no arguments"},
		"shutdown x":        {1, "Error: shutdown accepts no arguments"},
		"reread x":          {1, "Error: reread accepts no arguments"},
		"reread --env-file": {1, "ERROR: --env-file takes the name of a file"},
	} {
		var out bytes.Buffer
		tool := &ctl.Tool{Out: &out, Place: control.Place(filepath.Join(t.TempDir(), "s")), Proc: fstest.MapFS{}}
		if code := tool.Run(strings.Fields(line)); code != want.code || !strings.Contains(out.String(), want.text) {
			t.Errorf("%s: got code %d and %q, want %d and %q", line, code, &out, want.code, want.text)
		}
	}
}

func TestOpenGoesOverToAnotherSocket(t *testing.T) {
	other, _ := serve(t, &script{frames: []control.Frame{{Process: &control.Process{Group: "g", Name: "a", State: "RUNNING", Description: "pid 7"}}}})
	var out bytes.Buffer
	tool := &ctl.Tool{Out: &out, Place: "/nowhere/s", Proc: fstest.MapFS{}}
	if code := tool.Run([]string{"open", "unix://" + string(other.Place)}); code != 0 || out.String() != fmt.Sprintf("%-33sRUNNING   pid 7\n", "g:a") {
		t.Errorf("got code %d and %q, want the status of the other", code, &out)
	}
	if tool.Place != other.Place {
		t.Errorf("got place %s from now on, want %s", tool.Place, other.Place)
	}
}

// privateName is a socket's as percore takes one in this pid namespace where it cannot have the usual place.
func privateName(t *testing.T) control.Place {
	t.Helper()
	var stat syscall.Stat_t
	if err := syscall.Stat("/proc/self/ns/pid", &stat); err != nil {
		t.Skip("SKIPPED: no /proc:", err)
	}
	return control.Place(fmt.Sprintf("@percore-%d-%d-%s", stat.Ino, os.Getpid(), filepath.Base(t.TempDir())))
}

// Where more than one percore can be reached, a command that changes something refuses to guess; one that looks
// takes PID 1's.
func TestWhoChangesSomethingNamesWhom(t *testing.T) {
	var lines strings.Builder
	lines.WriteString("Num RefCount Protocol Flags Type St Inode Path\n")
	for range 2 {
		tool, _ := serve(t, &script{}, privateName(t))
		fmt.Fprintf(&lines, "0: 2 0 10000 1 1 5 %s\n", tool.Place)
	}
	proc := fstest.MapFS{"net/unix": {Data: []byte(lines.String())}, fmt.Sprintf("%d/cmdline", os.Getpid()): {Data: []byte("/percore\x00web\x00")}}
	for _, line := range []string{"stop a", "restart a", "signal HUP a", "scale 2", "drain a", "undrain a", "clear a", "shutdown", "update A=1", "reload"} {
		var out bytes.Buffer
		code := (&ctl.Tool{Out: &out, Proc: proc}).Run(strings.Fields(line))
		if code == 0 || strings.Count(out.String(), "PERCORE_CONTROL=@") != 2 || !strings.Contains(out.String(), "/percore web") {
			t.Errorf("%s: got code %d and %q, want a refusal that names both", line, code, &out)
		}
	}
	for _, line := range []string{"status", "update --dry-run A=1", "pid"} {
		var out bytes.Buffer
		if _ = (&ctl.Tool{Out: &out, Proc: proc}).Run(strings.Fields(line)); !strings.Contains(out.String(), "choose one with PERCORE_CONTROL") {
			t.Errorf("%s: got %q, want the question which", line, &out)
		}
	}
}

func TestAnAnswerThatIsCutIsAnError(t *testing.T) {
	place := control.Place(filepath.Join(t.TempDir(), "s"))
	listener, err := control.Listen(place)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		if conn, err := listener.AcceptUnix(); err == nil {
			_, _ = conn.Read(make([]byte, 1<<16))
			_, _ = conn.Write([]byte("{\"outcome\":{\"group\":\"a\",\"name\":\"a\",\"did\":\"stopped\"}}\n"))
			conn.Close()
		}
	}()
	var out bytes.Buffer
	code := (&ctl.Tool{Out: &out, Place: place, Proc: fstest.MapFS{}}).Run([]string{"stop", "a"})
	if want := "a: stopped\nERROR: percore ended in the middle of its answer\n"; code != 1 || out.String() != want {
		t.Errorf("got code %d and %q, want 1 and %q", code, &out, want)
	}
}

// supervisorctl connects before it looks at the arguments of most commands, so that one that makes no sense says
// first that nothing answers.
func TestACommandConnectsBeforeItComplains(t *testing.T) {
	place := control.Place(filepath.Join(t.TempDir(), "s"))
	for line, want := range map[string]string{
		"start": "no such file", "stop": "no such file", "restart": "no such file", "signal": "no such file",
		"signal HUP": "no such file", "clear": "no such file",
		"tail": "no such file", "tail a b c d": "no such file", "fg": "no such file", "fg a b": "no such file",
		"version x": "no such file", "maintail x": "no such file",
		"scale": "no such file", "scale many": "no such file", "drain": "no such file", "undrain": "no such file",
		"status --nope": "no such file",
		"reread x":      "accepts no arguments", "avail x": "accepts no arguments", "reload x": "accepts no arguments",
		"shutdown x":        "accepts no arguments",
		"update --env-file": "takes the name of a file",
	} {
		var out bytes.Buffer
		(&ctl.Tool{Out: &out, Place: place, Proc: fstest.MapFS{}}).Run(strings.Fields(line))
		if got := out.String(); !strings.Contains(got, want) || strings.Count(got, "\n") > 1 && want == "no such file" {
			t.Errorf("%s: got %q, want %q first", line, got, want)
		}
	}
}

func TestASocketThatIsSomebodyElsesIsNotSpokenTo(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("SKIPPED: root may do anything")
	}
	dir := t.TempDir()
	place := control.Place(filepath.Join(dir, "s"))
	listener, err := control.Listen(place)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if err := os.Chmod(dir, 0); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o700)
	for line, code := range map[string]int{"status": 4, "pid": 4, "stop a": 4} {
		var out bytes.Buffer
		tool := &ctl.Tool{Out: &out, Place: place, Proc: fstest.MapFS{}}
		if got := tool.Run(strings.Fields(line)); got != code || out.String() != "unix://"+string(place)+" permission denied\n" {
			t.Errorf("%s: got code %d and %q, want %d and that permission is denied", line, got, &out, code)
		}
	}
}

func TestOneToolTakesSeveralCommands(t *testing.T) {
	s := &script{frames: outcomes(control.Outcome{Group: "g", Name: "a", Did: "stopped"})}
	tool, out := serve(t, s)
	for range 3 {
		if code := tool.Run([]string{"stop", "g:a"}); code != 0 {
			t.Errorf("got code %d", code)
		}
	}
	if out.String() != strings.Repeat("g:a: stopped\n", 3) || len(s.requests) != 3 {
		t.Errorf("got %q and %d requests, want three of both", out, len(s.requests))
	}
}

func TestARefusalOfTheServerIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		err  string
		code int
	}{
		"it is busy":             {"busy: 64 commands are under way", 4},
		"the client is too new":  {"percore speaks another version", 2},
		"the order was not done": {"restart: rolling restart halted: web-8000 is not ready", 1},
	} {
		for _, line := range []string{"restart a", "status", "pid", "tail a", "update A=1", "scale 2", "shutdown"} {
			tool, out := serve(t, &script{code: c.code, err: errors.New(c.err)})
			code := tool.Run(strings.Fields(line))
			if code != c.code || !strings.Contains(out.String(), "ERROR: "+c.err+"\n") {
				t.Errorf("%s, %s: got code %d and %q, want %d and the reason", name, line, code, out, c.code)
			}
		}
	}
}

// The words that percore adds go beside what a script reads, never into it.
func TestWhoWasReachedIsSaidOnStderrAlone(t *testing.T) {
	frames := []control.Frame{
		{Fleet: &control.Fleet{PID: 7, Version: "1.2", Command: "python3 main.py"}},
		{Process: &control.Process{Group: "g", Name: "a", State: "RUNNING", Description: "pid 8"}},
		{Text: "4711"},
	}
	for line, want := range map[string]bool{
		"stop a": true, "start a": true, "restart a": true, "signal HUP a": true, "scale 2": true, "drain a": true,
		"undrain a": true, "clear a": true, "shutdown": true,
		"update A=1": true, "update --dry-run A=1": false, "reread": false, "pid": false, "tail a": false,
		"logs": false, "healthcheck": false, "avail": false,
		"status": true, "status --json": false, // of one that is not PID 1 of its namespace
	} {
		var err bytes.Buffer
		tool, out := serve(t, &script{frames: frames})
		tool.Err = &err
		tool.Run(strings.Fields(line))
		if got := err.String() == "reached percore 1.2, pid 7: python3 main.py\n"; got != want || !want &&
			err.Len() > 0 || strings.Contains(out.String(), "reached") {
			t.Errorf("%s: got %q on stderr and %q on stdout, want it named: %t", line, err.String(), out, want)
		}
	}
}
