// Package tough has the scenarios in which everything around percore goes wrong: its output, the kernel's limits, a
// storm of orphans, a terminal that stops writers. percore is a real PID 1 in a pid namespace of its own.
package tough

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// built is what TestMain makes for all tests.
var built struct {
	percore string // path of the binary
	dir     string // for what else the tests need; everybody can enter it
	skip    string // why no scenario can run here
}

// roles are what else this binary is, by its first argument.
var roles = map[string]func(arguments []string) error{besieger: runBesieger, siegeWorker: runSiegeWorker}

func TestMain(m *testing.M) {
	if play, ok := roles[firstArgument()]; ok {
		if err := play(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, "tough:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if err := build(); err != nil {
		fmt.Fprintln(os.Stderr, "tough:", err)
		os.Exit(1)
	}
	if built.skip = obstacle(); built.skip != "" {
		fmt.Fprintf(os.Stderr, "******** SKIPPED: every scenario of e2e/tough: %s ********\n", built.skip)
	}
	code := m.Run()
	_ = os.RemoveAll(built.dir)
	os.Exit(code)
}

func firstArgument() string {
	if len(os.Args) < 2 {
		return ""
	}
	return os.Args[1]
}

// build makes the binary as the Makefile does, where every user can execute it.
func build() (err error) {
	if built.dir, err = os.MkdirTemp("", "percore-tough-"); err != nil {
		return err
	}
	if err := os.Chmod(built.dir, 0o755); err != nil {
		return err
	}
	built.percore = filepath.Join(built.dir, "percore")
	compile := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", built.percore, "percore/entrypoint")
	compile.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := compile.CombinedOutput(); err != nil {
		return fmt.Errorf("build percore: %w\n%s", err, output)
	}
	return nil
}

// obstacle says why nothing can be PID 1 here.
func obstacle() string {
	output, err := exec.Command("unshare", append(unshareFlags, "true")...).CombinedOutput()
	if err != nil {
		return fmt.Sprintf("a pid namespace takes root and util-linux: unshare: %v %s", err, output)
	}
	return ""
}

// need skips the test, and says so, when a program is missing.
func need(t *testing.T, why string, program ...string) {
	t.Helper()
	if err := exec.Command(program[0], program[1:]...).Run(); err != nil {
		t.Skipf("SKIPPED: %s: %q: %v; e2e/setup.sh test installs it", why, program, err)
	}
}
