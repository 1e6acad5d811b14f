package pid1

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"percore/e2e/proc"
	"percore/e2e/program"
	"percore/e2e/rig"
)

// startsPerSignal is how often a signal hits a start; docs/stopping.md has the figures of more.
var startsPerSignal = flag.Int("starts", 10, "how many starts are hit by each signal")

// earlyMax is how long after its first instruction a fleet is hit at the latest, in one half of the starts; the other half is hit
// before or while packages are initialised.
const earlyMax, earliestMax = 30 * time.Millisecond, 3 * time.Millisecond

func TestASignalInTheFirstMillisecondsOfAFleetIsObeyed(t *testing.T) {
	kit.NeedPID1(t)
	for name, asPID1 := range map[string]bool{"as PID 1": true, "as any other process": false} {
		for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP} {
			t.Run(fmt.Sprintf("%v, %s", sig, name), func(t *testing.T) {
				for i := range *startsPerSignal {
					after := rand.N([]time.Duration{earlyMax, earliestMax}[i%2])
					if fault := hitStart(t, asPID1, sig, after); fault != "" {
						t.Errorf("%v after %v: %s", sig, after, fault)
					}
				}
			})
		}
	}
}

// hitStart sends a signal to a fleet that starts and says what is wrong with its end. A HUP is no reason to end; a TERM
// follows, when there is an answer.
func hitStart(t *testing.T, asPID1 bool, sig syscall.Signal, after time.Duration) (fault string) {
	t.Helper()
	ports, err := program.FreePorts(2)
	if err != nil {
		t.Fatal(err)
	}
	defer ports.Release()
	words := []string{kit.Percore, "demo"}
	if asPID1 {
		words = program.AsPID1(words...)
	}
	address := program.Loopback(ports.First)
	command := exec.Command(words[0], words[1:]...)
	command.Env = []string{
		"PATH=/usr/bin:/bin", "PERCORE_WORKERS=1", "PERCORE_LISTEN=" + address, fmt.Sprint("PERCORE_PORTS_FROM=", ports.First+1),
		"PERCORE_CONTROL=@percore-early-" + address,
	}
	var said bytes.Buffer // read when all is over
	command.Stderr, command.WaitDelay = &said, time.Second
	fleet, err := program.Start(command)
	if err != nil {
		t.Fatal(err)
	}
	pid := awaitCatching(fleet, asPID1)
	time.Sleep(after)
	signal := func(sig syscall.Signal) {
		if pid != 0 {
			_ = syscall.Kill(pid, sig) // whether it is gone already is told by its code
		}
	}
	signal(sig)
	if sig == syscall.SIGHUP {
		if !answersSoon(address, fleet) {
			fault = "it did not come to serve; "
		}
		signal(syscall.SIGTERM)
	}
	if err := program.Await(rig.Patience, "the end", fleet.IsOver); err != nil {
		signal(syscall.SIGKILL)
		fleet.Kill()
		fault += "the signal was lost; "
	}
	if fleet.Code() != 0 {
		fault += fmt.Sprintf("exit code %d, %v; ", fleet.Code(), fleet.State())
	}
	if left := proc.Executing(kit.Percore); len(left) > 0 {
		fault += fmt.Sprintf("left behind: %v; ", left)
	}
	if fault != "" {
		fault += "it said:\n" + said.String()
	}
	return fault
}

// awaitCatching waits until percore has executed its first instructions and catches TERM, and gives its pid; 0 when it ended
// before. It looks without a pause: the first milliseconds count.
func awaitCatching(fleet *program.Process, asPID1 bool) int {
	for deadline := time.Now().Add(rig.Patience); time.Now().Before(deadline) && !fleet.IsOver(); {
		candidates := []int{fleet.PID()}
		if asPID1 {
			candidates = proc.Children(fleet.PID())
		}
		for _, pid := range candidates {
			if proc.Executable(pid) == kit.Percore && proc.Status(pid).Has("SigCgt", syscall.SIGTERM) {
				return pid
			}
		}
	}
	return 0
}

// answersSoon says whether somebody serves at address, at last.
func answersSoon(address string, fleet *program.Process) bool {
	_ = program.Await(rig.Patience, "an answer", func() bool { return fleet.IsOver() || program.Accepts(address) })
	return !fleet.IsOver() && program.Accepts(address)
}
