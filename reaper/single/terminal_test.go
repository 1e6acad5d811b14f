package single

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// openPair opens a pseudo-terminal (man 4 pts).
func openPair(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here:", err)
	}
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close(); slave.Close() })
	return master, slave
}

// onTerminal starts an init with a terminal of its own, whose lines it gives.
func onTerminal(t *testing.T, script string) (r *running, keys, slave *os.File) {
	t.Helper()
	master, slave := openPair(t)
	r = begin(t, wish{}, script)
	r.cmd.Stdin, r.cmd.Stdout, r.cmd.Stderr = slave, slave, slave
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	r.lines = bufio.NewReader(master)
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.cmd.Process.Kill()
		r.cmd.Wait()
	})
	return r, master, slave
}

// code waits for the end.
func (r *running) code() int {
	timer := time.AfterFunc(patience, func() { r.cmd.Process.Kill() })
	defer timer.Stop()
	r.cmd.Wait()
	return r.cmd.ProcessState.ExitCode()
}

func TestTheChildHasTheTerminal(t *testing.T) {
	r, keys, _ := onTerminal(t, `echo $$; read line; echo "got $line"; exit 5`)
	child := r.line()
	if pgrp, err := unix.IoctlGetInt(int(keys.Fd()), unix.TIOCGPGRP); err != nil || fmt.Sprint(pgrp) != child {
		t.Errorf("foreground group: got %d (%v), want the child's, %s", pgrp, err, child)
	}
	keys.WriteString("hello\n")
	if echo, got := r.line(), r.line(); echo != "hello" || got != "got hello" {
		t.Errorf("got %q and %q, want an echo and the line", echo, got)
	}
	if code := r.code(); code != 5 {
		t.Errorf("got code %d, want 5", code)
	}
}

func TestKeysReachTheChild(t *testing.T) {
	tests := []struct {
		name, key, script string
		code              int
	}{
		{"Ctrl-C", "\x03", "echo ready; exec sleep 60", 130},
		{`Ctrl-\`, "\x1c", "ulimit -c 0; echo ready; exec sleep 60", 131},
		{"Ctrl-C, once", "\x03", "n=0; trap 'n=$((n+1))' INT; echo ready; while [ $n = 0 ]; do sleep 0.01; done; sleep 0.2; exit $n", 1},
		{"Ctrl-Z, without a shell to continue it", "\x1a\n", "echo ready; read line; exit 3", 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, keys, _ := onTerminal(t, tt.script)
			r.line()
			keys.WriteString(tt.key)
			if code := r.code(); code != tt.code {
				t.Errorf("got code %d, want %d", code, tt.code)
			}
		})
	}
}

func TestTheTerminalIsLeftUsable(t *testing.T) {
	echoes := func(f *os.File) bool {
		modes, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		return modes.Lflag&unix.ECHO != 0
	}
	r, _, slave := onTerminal(t, "stty -echo; kill -KILL $$")
	if code := r.code(); code != 137 || !echoes(slave) {
		t.Errorf("killed: got code %d, echo %v; want 137 and true", code, echoes(slave))
	}
	r, _, slave = onTerminal(t, "stty -echo; exit 0")
	if code := r.code(); code != 0 || echoes(slave) {
		t.Errorf("left by itself: got code %d, echo %v; want 0 and false", code, echoes(slave))
	}
}

func TestJobControlUnderAShell(t *testing.T) {
	if _, err := os.Stat("/bin/bash"); err != nil {
		t.Skip("no bash here")
	}
	master, slave := openPair(t)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r := begin(t, wish{}, "unused")
	r.cmd.Path, r.cmd.Args = "/bin/bash", []string{"bash", "--norc", "--noprofile", "-i"}
	r.cmd.Env = append(r.cmd.Env, "PS1=", "TERM=dumb", "INIT="+exe)
	r.cmd.Stdin, r.cmd.Stdout, r.cmd.Stderr = slave, slave, slave
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	r.lines = bufio.NewReader(master)
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.cmd.Process.Kill()
		r.cmd.Wait()
	})
	until := func(text string) {
		t.Helper()
		for !strings.Contains(r.line(), text) {
		}
	}
	for _, step := range []struct{ keys, text string }{
		{"$INIT init -- sh -c 'echo run''ning; read x; echo \"got $x\"; exit 4'\n", "running"},
		{"\x1a", "Stopped"},
		{"fg\n", "INIT"},
		{"hello\n", "got hello"},
		{"echo code $?\n", "code 4"},
		{"exit\n", "exit"},
	} {
		master.WriteString(step.keys)
		until(step.text)
	}
}

func TestNoTerminalIsNoTrouble(t *testing.T) {
	var none *terminal
	if none.wanted() || none.lend(1) {
		t.Error("no terminal: got it wanted or lent, want neither")
	}
	none.takeBack(1, true)
	if lives(1 << 30) {
		t.Error("a group without a process: got alive")
	}
	if !lives(syscall.Getpgrp()) {
		t.Error("our own group: got dead")
	}
}
