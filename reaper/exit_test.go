package reaper_test

import (
	"syscall"
	"testing"

	"percore/reaper"
)

func TestAnExitSpeaksInWordsAndInAStatus(t *testing.T) {
	tests := []struct {
		exit   reaper.Exit
		text   string
		status int
	}{
		{reaper.Exit{}, "exited with code 0", 0},
		{reaper.Exit{Code: 3}, "exited with code 3", 3},
		{reaper.Exit{Code: 255}, "exited with code 255", 255},
		{reaper.Exit{Signal: syscall.SIGKILL}, "killed by SIGKILL", 137},
		{reaper.Exit{Signal: syscall.SIGTERM}, "killed by SIGTERM", 143},
		{reaper.Exit{Signal: syscall.SIGSEGV, Core: true}, "killed by SIGSEGV (core dumped)", 139},
		{reaper.Exit{Signal: 40}, "killed by signal 40", 168},
	}
	for _, tt := range tests {
		if got := tt.exit.String(); got != tt.text {
			t.Errorf("String of %+v: got %q, want %q", tt.exit, got, tt.text)
		}
		if got := tt.exit.Status(); got != tt.status {
			t.Errorf("Status of %+v: got %d, want %d", tt.exit, got, tt.status)
		}
	}
}

func TestEveryOrdinarySignalHasAName(t *testing.T) {
	seen := make(map[string]bool)
	for sig := syscall.Signal(1); sig < 32; sig++ {
		name := reaper.SignalName(sig)
		if len(name) < 4 || name[:3] != "SIG" || seen[name] {
			t.Errorf("SignalName(%d): got %q, want a SIG… name of its own", sig, name)
		}
		seen[name] = true
	}
	for sig, want := range map[syscall.Signal]string{0: "signal 0", -1: "signal -1", 32: "signal 32", 64: "signal 64"} {
		if got := reaper.SignalName(sig); got != want {
			t.Errorf("SignalName(%d): got %q, want %q", int(sig), got, want)
		}
	}
}
