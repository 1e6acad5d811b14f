package pid1

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// startsPerSignal is how often a signal hits a start; docs/stopping.md has the figures of more.
var startsPerSignal = flag.Int("starts", 10, "how many starts are hit by each signal")

// earlyMax is how long after its first instruction a fleet is hit at the latest, in one half of the starts; the other half is hit
// before or while packages are initialised.
const earlyMax, earliestMax = 30 * time.Millisecond, 3 * time.Millisecond

func TestASignalInTheFirstMillisecondsOfAFleetIsObeyed(t *testing.T) {
	if built.skip != "" {
		t.Skip("SKIPPED:", built.skip)
	}
	for _, place := range []struct {
		name    string
		wrapper []string
	}{
		{"as PID 1", append([]string{"unshare"}, unshareFlags...)},
		{"as any other process", nil},
	} {
		for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP} {
			t.Run(fmt.Sprintf("%v, %s", sig, place.name), func(t *testing.T) {
				for i := range *startsPerSignal {
					after := rand.N([]time.Duration{earlyMax, earliestMax}[i%2])
					if fault := hitStart(t, place.wrapper, sig, after); fault != "" {
						t.Errorf("%v after %v: %s", sig, after, fault)
					}
				}
			})
		}
	}
}

// hitStart sends a signal to a fleet that starts and says what is wrong with its end. A HUP is no reason to end; a TERM
// follows, when there is an answer.
func hitStart(t *testing.T, wrapper []string, sig syscall.Signal, after time.Duration) (fault string) {
	t.Helper()
	port := freePorts(t)
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	words := append(wrapper[:len(wrapper):len(wrapper)], built.percore, "demo")
	command := exec.Command(words[0], words[1:]...)
	command.Env = []string{
		"PATH=/usr/bin:/bin", "PERCORE_WORKERS=1", "PERCORE_LISTEN=" + address, fmt.Sprint("PERCORE_PORTS_FROM=", port+1),
		fmt.Sprintf("PERCORE_CONTROL=@percore-early-%d-%d", os.Getpid(), port),
	}
	said, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	command.Stderr = said
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = command.Wait() // the state tells more
		close(ended)
	}()
	pid := awaitCatching(command.Process.Pid, wrapper != nil, ended)
	time.Sleep(after)
	if pid != 0 {
		_ = syscall.Kill(pid, sig) // whether it is gone already is told by its code
	}
	if sig == syscall.SIGHUP {
		if !answersSoon(address, ended) {
			fault = "it did not come to serve; "
		}
		_ = syscall.Kill(pid, syscall.SIGTERM)
	}
	select {
	case <-ended:
	case <-time.After(patience):
		_ = syscall.Kill(pid, syscall.SIGKILL)
		<-ended
		fault += "the signal was lost; "
	}
	if code := command.ProcessState.ExitCode(); code != 0 {
		fault += fmt.Sprintf("exit code %d, %v; ", code, command.ProcessState)
	}
	if left := processesOf(built.percore); len(left) > 0 {
		fault += fmt.Sprintf("left behind: %v; ", left)
	}
	if fault != "" {
		text, _ := os.ReadFile(said.Name())
		fault += "it said:\n" + string(text)
	}
	return fault
}

// awaitCatching waits until percore has executed its first instructions and catches TERM, and gives its pid; 0 when it ended before.
func awaitCatching(pid int, wrapped bool, ended <-chan struct{}) int {
	const termBit = 1 << (syscall.SIGTERM - 1)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		select {
		case <-ended:
			return 0
		default:
		}
		candidate := pid
		if wrapped {
			candidate = onlyChildOf(pid)
		}
		if exe, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", candidate)); exe != built.percore {
			continue
		}
		if caught, err := strconv.ParseUint(statusOf(candidate)["SigCgt"], 16, 64); err == nil && caught&termBit != 0 {
			return candidate
		}
	}
	return 0
}

// answersSoon says whether somebody serves at address, at last.
func answersSoon(address string, ended <-chan struct{}) bool {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		select {
		case <-ended:
			return false
		default:
		}
		if conn, err := net.Dial("tcp", address); err == nil {
			_ = conn.Close()
			return true
		}
	}
	return false
}

// processesOf lists the processes that execute a file. Zombies execute none.
func processesOf(exe string) (list []string) {
	links, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, link := range links {
		if path, _ := os.Readlink(link); path == exe {
			list = append(list, filepath.Dir(link))
		}
	}
	return list
}
