package pid1

import (
	"errors"
	"os"
	"os/exec"
	"testing"
	"time"

	"percore/e2e/rig"
)

// TestABrokenStderrChangesNoExitCodeOfModeInit: percore has something to say, and nobody is there to read it.
func TestABrokenStderrChangesNoExitCodeOfModeInit(t *testing.T) {
	for name, c := range map[string]struct {
		environ []string
		args    []string
		want    int
	}{
		"the command is not found": {nil, []string{"init", "--", "/nonexistent"}, 127},
		"a warning, then the child": {
			[]string{"PERCORE_STRICT=false", "PERCORE_WORKRES=3"}, []string{"init", "--", "/bin/sh", "-c", "exit 5"}, 5,
		},
	} {
		t.Run(name, func(t *testing.T) {
			reader, writer, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			reader.Close()
			cmd := exec.Command(kit.Percore, c.args...)
			cmd.Env = append([]string{"PATH=/usr/bin:/bin"}, c.environ...)
			cmd.Stderr = writer
			err = cmd.Run()
			writer.Close()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != c.want {
				t.Errorf("exit code: got %v, want %d", err, c.want)
			}
		})
	}
}

// TestAnIgnoredSIGCHLDDoesNotHideTheChildsEnd: the kernel reaps the children of a process that ignores SIGCHLD by itself.
func TestAnIgnoredSIGCHLDDoesNotHideTheChildsEnd(t *testing.T) {
	if _, err := os.Stat("/usr/bin/python3"); err != nil {
		t.Skip("SKIPPED: /usr/bin/python3 is needed, as a shell cannot ignore SIGCHLD for what it starts")
	}
	const become = `import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])`
	for range 20 {
		cmd := exec.Command("/usr/bin/python3", "-c", become, kit.Percore, "init", "--", "/bin/sh", "-c", "exit 7")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		kill := time.AfterFunc(rig.Patience, func() { _ = cmd.Process.Kill() })
		err := cmd.Wait()
		kill.Stop()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 7 {
			t.Fatalf("exit code: got %v, want 7", err)
		}
	}
}
