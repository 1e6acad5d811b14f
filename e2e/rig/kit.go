package rig

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"percore/e2e/program"
)

// Kit is what all scenarios of one package share. The package has one, names it, and runs its tests by Main.
type Kit struct {
	Name string // of the package

	// NeedsPID1 has the package say so when nothing can be PID 1 here. Its tests skip themselves then.
	NeedsPID1 bool

	// Prepare makes what else the tests need, in Dir; nil where that is nothing.
	Prepare func(*Kit) error

	// Dir is a folder that every user can enter. Percore is the binary in it.
	Dir, Percore string

	obstacle error // why nothing can be PID 1 here
}

// Main builds percore, runs the tests, removes everything and returns the exit code: a TestMain's job.
func (k *Kit) Main(m *testing.M) int {
	err := k.build()
	defer os.RemoveAll(k.Dir)
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", k.Name, err)
		return 1
	}
	if k.NeedsPID1 {
		if k.obstacle = program.PID1Obstacle(); k.obstacle != nil {
			fmt.Fprintf(os.Stderr, "******** SKIPPED: every scenario of e2e/%s: %v ********\n", k.Name, k.obstacle)
		}
	}
	return m.Run()
}

func (k *Kit) build() (err error) {
	if k.Dir, err = program.Folder("", "percore-"+k.Name+"-"); err != nil {
		return err
	}
	k.Percore = filepath.Join(k.Dir, "percore")
	if err := program.Build(context.Background(), k.Percore, program.Percore); err != nil {
		return err
	}
	if k.Prepare == nil {
		return nil
	}
	return k.Prepare(k)
}

// NeedPID1 skips the test where nothing can be PID 1.
func (k *Kit) NeedPID1(t *testing.T) {
	t.Helper()
	if k.obstacle != nil {
		t.Skip("SKIPPED:", k.obstacle)
	}
}

// CopyOwnBinary puts this test binary into Dir, where every user can execute it. Its TestMain says what else it is, by its
// arguments.
func (k *Kit) CopyOwnBinary(name string) (path string, err error) {
	from, err := os.Open("/proc/self/exe")
	if err != nil {
		return "", err
	}
	defer from.Close()
	path = filepath.Join(k.Dir, name)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return "", err
	}
	if _, err := io.Copy(file, from); err != nil {
		return "", err
	}
	return path, file.Close()
}

// CompileC makes a static program of C sources in Dir. It takes gcc and a static C library.
func (k *Kit) CompileC(name string, sources ...string) (path string, err error) {
	path = filepath.Join(k.Dir, name)
	flags := []string{"-O2", "-static", "-Wall", "-Wextra", "-Wno-unused-parameter", "-o", path}
	if out, err := exec.Command("gcc", append(flags, sources...)...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("compile %s: %w\n%s", name, err, out)
	}
	return path, nil
}
