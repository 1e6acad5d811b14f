package stack

import (
	"fmt"
	"net/netip"
	"testing"

	"percore/e2e/flood"
	"percore/e2e/rig"
)

// stopsOfContainers is how often a container is stopped under a flood of connections.
const stopsOfContainers = 4

// TestDockerStopUnderAFloodOfConnectionsResetsNone has no capability in the container, as no capability is what it takes.
func TestDockerStopUnderAFloodOfConnectionsResetsNone(t *testing.T) {
	for i := range stopsOfContainers {
		loops := []string{"1", "2"}[i%2]
		c := run(t, "--cap-drop", "ALL", "--user", "65534", "--security-opt", "no-new-privileges",
			"--env", "PERCORE_LISTEN=:8080", "--env", "PERCORE_LOOPS="+loops, rig.Image("percore"), "demo").serving()
		crowd := flood.Start(flood.Options{Address: netip.MustParseAddrPort(c.direct())})
		rig.Eventually(t, startTime, func() error {
			if n := crowd.Answered(); n < 200 {
				return fmt.Errorf("got %d answers, want 200", n)
			}
			return nil
		})
		rig.Docker(t, "kill", "--signal", "TERM", c.id)
		code := c.exitCode(startTime)
		got := crowd.Stop()
		t.Logf("LOOPS=%s: %v", loops, got)
		if code != 0 || got.Lost > 0 {
			t.Errorf("LOOPS=%s: got exit code %d and %v, want 0 and none lost", loops, code, got)
		}
	}
}
