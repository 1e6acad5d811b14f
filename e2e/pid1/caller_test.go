package pid1

import (
	"os"
	"strings"
	"testing"

	"percore/e2e/rig"
)

// TestACommandLeavesWhoGaveItAndSaysWhomItReached: in a container that is no mystery, on a host it is.
func TestACommandLeavesWhoGaveItAndSaysWhomItReached(t *testing.T) {
	c := startControlled(t, 1, nil)
	for _, args := range [][]string{{"restart", "all"}, {"update", "--dry-run", "TOKEN=secret"}, {"update", "TOKEN=secret"}, {"status"}} {
		var stderr strings.Builder
		command := c.Command(args...)
		command.Stderr = &stderr
		if err := command.Run(); err != nil {
			t.Fatalf("%q: %v", args, err)
		}
		changes := args[0] != "status" && args[1] != "--dry-run"
		want := "pid 1: " + workerBinary + " worker serve {port}\n"
		if got := stderr.String(); strings.HasSuffix(got, want) != changes || !changes && got != "" {
			t.Errorf("%q: got %q, want %q: %t", args, got, want, changes)
		}
	}
	var lines []string
	for _, l := range c.All(func(l rig.Line) bool { return l.Message == "control command" }) {
		lines = append(lines, l.Text)
	}
	// The caller is in another pid namespace than PID 1, which does not see its pid.
	if len(lines) != 2 || !strings.Contains(lines[0], `"command":"restart"`) || !strings.Contains(lines[1], `"variables":"TOKEN"`) {
		t.Errorf("got %q, want a line for each of the two that changed something", lines)
	}
	for _, line := range lines {
		if os.Getuid() == 0 && !strings.Contains(line, `"pid":0,"uid":0`) || strings.Contains(line, "secret") {
			t.Errorf("got %s, want pid and uid of the caller, and no value", line)
		}
	}
}
