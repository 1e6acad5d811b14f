package entry_test

import (
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"

	"percore/reaper/entry"
)

func TestWhatWasInheritedIsReadAsItWas(t *testing.T) {
	needsEntry(t)
	environ := []string{"PATH=/usr/bin:/bin", "TWICE=1", "TWICE=2", "NOTHING", "EMPTY=", "LINE=a b\tc=d"}
	tests := []struct {
		name   string
		before string // what a shell does before it becomes the child
		want   entry.Inherited
	}{
		{name: "nothing special", want: entry.Inherited{}},
		{
			name: "ignored signals, those that the runtime resets too", before: "trap '' HUP USR1 PIPE TTOU SEGV;",
			want: entry.Inherited{Ignored: bits(syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGPIPE, syscall.SIGTTOU, syscall.SIGSEGV)},
		},
		{name: "a closed standard input", before: "exec 0<&-;", want: entry.Inherited{Closed: [3]bool{true}}},
		{name: "a closed standard error", before: "exec 2>&-;", want: entry.Inherited{Closed: [3]bool{false, false, true}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := begin(t, environ, "/bin/sh", "-c", tt.before+` exec "$0" init report`, self(t))
			got := c.all()
			want := fmt.Sprintf("mask 0\nignored %x\nclosed %v\n", tt.want.Ignored|libcsIgnored(t), tt.want.Closed)
			if !strings.HasPrefix(got, want) {
				t.Errorf("got %q, want it to begin with %q", got, want)
			}
		})
	}
	t.Run("the environment", func(t *testing.T) {
		// No shell here: it would tidy up.
		lines := strings.Split(begin(t, environ, self(t), "init", "report").all(), "\n")
		var got []string
		for _, line := range lines {
			if entry, found := strings.CutPrefix(line, "env "); found {
				got = append(got, entry)
			}
		}
		if !slices.Equal(got, environ) {
			t.Errorf("got %q, want %q", got, environ)
		}
	})
}

func TestOnlyModeInitIsCaught(t *testing.T) {
	needsEntry(t)
	tests := []struct {
		name    string
		environ []string
		words   []string
		want    string
	}{
		{"the word init", nil, []string{"init", "active"}, "true"},
		{"the variable alone", []string{"A=1", "PERCORE_MODE=init", "Z=1"}, []string{"--", "active"}, "true"},
		{"another word", nil, []string{"initial", "active"}, "false"},
		{"init as the second word", nil, []string{"--", "init", "active"}, "false"},
		{"another mode", []string{"PERCORE_MODE=http"}, []string{"--", "active"}, "false"},
		{"a longer value", []string{"PERCORE_MODE=initial"}, []string{"--", "active"}, "false"},
		{"a longer name", []string{"PERCORE_MODES=init"}, []string{"--", "active"}, "false"},
		{"no environment at all", []string{}, []string{"--", "active"}, "false"},
		{"no word at all", []string{"PERCORE_MODE=init", "ENTRY_TEST=active"}, nil, "true"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := begin(t, append([]string{"ENTRY_TEST=active"}, tt.environ...), append([]string{self(t)}, tt.words...)...)
			if got := strings.TrimSpace(c.all()); got != tt.want {
				t.Errorf("active: got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestASignalDuringTheStartIsKept(t *testing.T) {
	needsEntry(t)
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGPROF, syscall.SIGSEGV, syscall.SIGTRAP, syscall.SIGSYS} {
		died := 0
		const starts = 20
		for range starts {
			c := begin(t, nil, self(t), "init", "first")
			c.signal(sig)
			got := c.all()
			state := c.wait()
			switch status := state.Sys().(syscall.WaitStatus); {
			case status.Signaled() && status.Signal() == sig:
				died++ // before the first instruction, as any program would
			case got != fmt.Sprintln("signal", int(sig)) || status.ExitStatus() != 0:
				t.Errorf("%v right after the start: got %q and %v, want it reported, and success", sig, got, state)
			}
		}
		t.Logf("%v: %d of %d had not begun yet", sig, died, starts)
	}
}

// In every role but mode init it is four signals, and a fleet that starts ends by none of them. Each start is hit as
// soon as the kernel says that the signal is caught: before that percore is a program like any other.
func TestInAnyOtherRoleTheSignalsThatEndAProgramAreKept(t *testing.T) {
	needsEntry(t)
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP} {
		for range 20 {
			c := begin(t, nil, self(t), "--", "guarded")
			c.awaitCaught(sig)
			c.signal(sig)
			got, want := c.all(), fmt.Sprintf("signal %d\nuser defined signal 1\n", int(sig))
			if state := c.wait(); got != want || !state.Success() {
				t.Errorf("%v right after the start: got %q and %v, want it reported, USR1 by os/signal, and success", sig, got, state)
			}
		}
	}
}

// The shim is what a command is before its first instruction: it has no handler, and what is blocked waits.
func TestTheShimCatchesNothing(t *testing.T) {
	needsEntry(t)
	c := begin(t, nil, "/bin/bash", "-c", `exec -a "$1" "$0" init dispositions`, self(t), entry.ShimName)
	if got := c.all(); got != "active true\ncaught 0\n" {
		t.Errorf("got %q, want the entry at work and no signal caught", got)
	}
}

func TestEnvironmentOfThisProcessMatchesItself(t *testing.T) {
	if _, known := entry.Read(); known {
		t.Error("the entry has taken a test for mode init")
	}
	if entry.Active() {
		t.Error("Active: got true, want false")
	}
}

func bits(signals ...syscall.Signal) (set uint64) {
	for _, sig := range signals {
		set |= 1 << (sig - 1)
	}
	return set
}

func report() {
	in, _ := entry.Read()
	fmt.Printf("mask %x\nignored %x\nclosed %v\n", in.Mask, in.Ignored, in.Closed)
	for _, pair := range in.Environ {
		fmt.Println("env " + pair)
	}
}

func reportDispositions() {
	caught, err := caughtBy("self")
	if err != nil {
		fmt.Println(err)
		return
	}
	caught &^= 1<<(32-1) | 1<<(33-1) // the C library's own, which the race detector brings; no program sends them in earnest
	fmt.Printf("active %v\ncaught %x\n", entry.Active(), caught)
}

// reportGuarded reads one signal that the entry caught, and shows that the others are the runtime's.
func reportGuarded() {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGUSR1)
	if !entry.Guarded() || entry.Active() {
		fmt.Println("not guarded")
		return
	}
	if err := syscall.SetNonblock(entry.GuardedEnd(), false); err != nil {
		fmt.Println(err)
	}
	sig, _, _ := next(entry.GuardedEnd())
	fmt.Println("signal", sig)
	syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	fmt.Println(<-c)
}

func reportActive() { fmt.Println(entry.Active()) }

func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
