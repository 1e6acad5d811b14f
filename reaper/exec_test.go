package reaper_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"percore/reaper"
)

// becomeCommand is the child of the tests of Exec: it becomes what its arguments say, or says why not.
func becomeCommand(args []string) {
	err := reaper.Exec(reaper.Spec{Path: args[0], Args: args, Env: []string{"PATH=/usr/bin:/bin", "COLOUR=red"}})
	var failure *reaper.SpawnError
	if !errors.As(err, &failure) {
		os.Exit(1)
	}
	os.Stdout.WriteString(err.Error())
	os.Exit(failure.ExitCode())
}

func TestExecBecomesTheCommandOrSaysWhyNot(t *testing.T) {
	script := write(t, t.TempDir(), "script", "echo \"$COLOUR $1\"\nexit 6\n", 0o755)
	plain := write(t, t.TempDir(), "plain", "x", 0o644)
	tests := []struct {
		name string
		args []string
		out  string
		code int
	}{
		{"a path", []string{"/bin/sh", "-c", "echo $COLOUR; exit 4"}, "red", 4},
		{"a name on the PATH", []string{"sh", "-c", "exit 5"}, "", 5},
		{"a script without an interpreter", []string{script, "word"}, "red word", 6},
		{"nothing of that name", []string{"no-such-program"}, "find no-such-program", 127},
		{"nothing at that path", []string{"/no/such"}, "exec /no/such: no such file", 127},
		{"something that is no program", []string{plain}, "permission denied", 126},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cmd := exec.Command("/proc/self/exe", append([]string{"child:exec"}, tt.args...)...)
			out, _ := cmd.Output()
			if got := string(out); !strings.Contains(got, tt.out) || cmd.ProcessState.ExitCode() != tt.code {
				t.Errorf("got %q and code %d, want %q and %d", got, cmd.ProcessState.ExitCode(), tt.out, tt.code)
			}
		})
	}
}

func TestStartForksWithoutAReaper(t *testing.T) {
	pid, err := reaper.Start(reaper.Spec{Path: "sh", Args: []string{"sh", "-c", "exit 9"}, Env: []string{"PATH=/usr/bin:/bin"}})
	if err != nil {
		t.Fatal(err)
	}
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil || status.ExitStatus() != 9 {
		t.Errorf("got status %v and %v, want code 9", status, err)
	}
	var failure *reaper.SpawnError
	if _, err := reaper.Start(reaper.Spec{Path: "/no/such"}); !errors.As(err, &failure) {
		t.Errorf("a path that does not exist: got %v, want a *SpawnError", err)
	}
}
