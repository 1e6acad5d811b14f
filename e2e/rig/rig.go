// Package rig is the language in which the scenarios of e2e are written: percore as the real PID 1 of a pid namespace or as a
// plain process, what it says, the processes below it, its control socket, clients, free ports, waiting, and what a scenario
// needs and skips without.
//
// A package of scenarios has one Kit, which its TestMain runs and which has the binary. Kit.Start gives a Service. What
// belongs to one package alone stays there, as methods of a type of its own that has a *rig.Service in it. All of a rig is
// for one test's goroutine, except a Journal, which may be read from everywhere. Whatever is started through a rig is gone
// when the test is over, which the rig asserts of a Service; nothing here may signal a process that it has not started.
//
// The rig stands on three rooms that know no test and serve the benches too: program starts and awaits, proc reads /proc,
// load asks. It imports nothing of the product: what a scenario knows of percore is what a user sees.
//
// Begin with kit.go, then service.go.
package rig

import (
	"errors"
	"os/exec"
	"testing"
	"time"

	"percore/e2e/program"
)

// Patience is how long anything may take that should happen at once. Only a broken promise uses it up: several runs of the
// tests may share a machine, and what takes milliseconds on a quiet one takes many seconds then.
const Patience = 60 * time.Second

// Await waits for a condition.
func Await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	AwaitWithin(t, Patience, what, condition)
}

// AwaitWithin is Await for what may take another time than Patience.
func AwaitWithin(t *testing.T, limit time.Duration, what string, condition func() bool) {
	t.Helper()
	if err := program.Await(limit, what, condition); err != nil {
		t.Fatal(err)
	}
}

// Eventually waits until nothing is missing. Until then the condition says what is, for the message when it stays so.
func Eventually(t *testing.T, limit time.Duration, missing func() error) {
	t.Helper()
	var last error
	err := program.Await(limit, "what is missing", func() bool {
		last = missing()
		return last == nil
	})
	if err != nil {
		t.Fatalf("after %v: %v", limit, last)
	}
}

// Need skips the test, and says so, when a program is missing or does not run.
func Need(t *testing.T, why string, command ...string) {
	t.Helper()
	if err := exec.Command(command[0], command[1:]...).Run(); err != nil {
		t.Skipf("SKIPPED: %s: %q: %v; e2e/setup.sh test installs it", why, command, err)
	}
}

// FreePorts finds ports in a row of 127.0.0.1 at which nothing listens, which no other process gets while the test runs.
func FreePorts(t *testing.T, count int) (first int) {
	t.Helper()
	ports, err := program.FreePorts(count)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ports.Release)
	return ports.First
}

// Output runs a command and returns what it printed on stdout, and its exit code. A command that cannot be run is fatal.
func Output(t *testing.T, command *exec.Cmd) (text string, code int) {
	t.Helper()
	out, err := command.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), command.ProcessState.ExitCode()
}
