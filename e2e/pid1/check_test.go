package pid1

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// TestCheckBesideARunningPercore: docker exec CONTAINER percore check -- ANOTHER COMMAND is how somebody tries a new command.
func TestCheckBesideARunningPercore(t *testing.T) {
	c := startControlled(t, 2, nil)
	check := func(control string) (string, int) {
		command := exec.Command(kit.Percore, "check", "--", "/bin/sleep", "1")
		command.Env = []string{
			"PERCORE_CONTROL=" + control, "PERCORE_LISTEN=" + c.Address, "PERCORE_PORTS_FROM=" + strconv.Itoa(c.PortsFrom), "PERCORE_WORKERS=2",
		}
		out, _ := command.CombinedOutput() // the code tells
		return string(out), command.ProcessState.ExitCode()
	}
	if text, code := check(c.Control); code != 0 || !strings.Contains(text, "/bin/sleep 1") {
		t.Errorf("got code %d and\n%s\nwant 0: what percore itself holds is no fault", code, text)
	}
	text, code := check("/nowhere/s")
	if code != 2 || !strings.Contains(text, "PERCORE_LISTEN="+c.Address) || !strings.Contains(text, "worker 0 cannot listen on port "+strconv.Itoa(c.PortsFrom)) {
		t.Errorf("got code %d and\n%s\nwant 2: another percore's addresses are taken", code, text)
	}
}

// TestWordsWhoseReaderLeaves has them write into a pipe as head -1 leaves it.
func TestWordsWhoseReaderLeaves(t *testing.T) {
	kit.NeedPID1(t)
	for _, line := range []string{"env", "env --json", "check --values -- true", "check --values --json -- true", "help", "version", "status --help"} {
		read, write, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		read.Close()
		command := exec.Command(kit.Percore, strings.Fields(line)...)
		command.Env, command.Stdout = []string{"PERCORE_CONTROL=/nowhere/s"}, write
		var stderr strings.Builder
		command.Stderr = &stderr
		err = command.Run()
		write.Close()
		if err != nil || stderr.Len() > 0 {
			t.Errorf("percore %s: got %v and %q, want 0 and nothing", line, err, stderr.String())
		}
	}
}
