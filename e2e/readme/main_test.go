// Package readme runs what README.md says: its commands, its Dockerfile and compose file, its tables, and every
// message in the table of troubles. It has no code of its own to import.
package readme

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

const repository = "../.."

// binary is the percore under test, in a folder that every user may read. TestMain writes it once.
var binary string

// TestMain builds percore. The test binary is also the misbehaving worker of some troubles.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == workerWord {
		os.Exit(misbehave(os.Args[2:]))
	}
	os.Exit(testWithBinary(m))
}

func testWithBinary(m *testing.M) int {
	dir, err := os.MkdirTemp("", "percore-readme-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "percore")
	build := exec.Command("go", "build", "-trimpath", "-o", binary, "./entrypoint")
	build.Dir = repository
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build percore: %v\n%s", err, out)
		return 1
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// environsGiven counts what cleanEnviron has made.
var environsGiven atomic.Int64

// cleanEnviron is the environment without anything that configures percore or its workers, but for a control socket of its
// own: no command that is meant for another percore of this host finds a percore that runs in it.
func cleanEnviron(more ...string) []string {
	env := []string{"PATH=" + filepath.Dir(binary) + ":" + os.Getenv("PATH") + ":/usr/sbin:/sbin"}
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
