// Package readme runs what README.md says: its commands, its Dockerfile and compose file, its tables, and every
// message in the table of troubles. It has no code of its own to import.
package readme

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"percore/e2e/rig"
)

var kit = rig.Kit{Name: "readme"}

// TestMain builds percore. The test binary is also the misbehaving worker of some troubles.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == workerWord {
		os.Exit(misbehave(os.Args[2:]))
	}
	os.Exit(kit.Main(m))
}

// environsGiven counts what cleanEnviron has made.
var environsGiven atomic.Int64

// cleanEnviron is the environment without anything that configures percore or its workers, but for a control socket of its
// own: no command that is meant for another percore of this host finds a percore that runs in it.
func cleanEnviron(more ...string) []string {
	env := []string{"PATH=" + kit.Dir + ":" + os.Getenv("PATH") + ":/usr/sbin:/sbin"}
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		switch {
		case strings.HasPrefix(name, "PERCORE_"), name == "PATH", name == "PORT", name == "WEB_CONCURRENCY":
		default:
			env = append(env, pair)
		}
	}
	env = append(env, fmt.Sprintf("PERCORE_CONTROL=@percore-readme-%d-%d", os.Getpid(), environsGiven.Add(1)))
	return append(env, more...)
}
