// Package pid1 has the scenarios that need no Docker: the binary as a real PID 1 in a pid namespace of its own, in front
// of real workers, under load from real clients. Each test is one promise; rig_test.go is the language they are written in.
package pid1

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// built is what TestMain makes for all tests.
var built struct {
	percore string // path of the binary
	worker  string // path of this test's binary, which is the scripted worker too
	skip    string // why no scenario can run here
}

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "worker" {
		os.Exit(scriptedWorker(os.Args[2:]))
	}
	dir, err := build()
	if err != nil {
		fmt.Fprintln(os.Stderr, "pid1:", err)
		os.Exit(1)
	}
	if built.skip = obstacle(); built.skip != "" {
		fmt.Fprintf(os.Stderr, "******** SKIPPED: every scenario of e2e/pid1: %s ********\n", built.skip)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// build makes the binary as the Makefile does, where every user can execute it.
func build() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "percore-pid1-"); err != nil {
		return "", err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", err
	}
	built.percore, built.worker = filepath.Join(dir, "percore"), filepath.Join(dir, "worker")
	compile := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", built.percore, "percore/entrypoint")
	compile.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := compile.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build percore: %w\n%s", err, output)
	}
	return dir, copyOwnBinary(built.worker)
}

func copyOwnBinary(to string) error {
	from, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	defer from.Close()
	file, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(file, from); err != nil {
		return err
	}
	return file.Close()
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
