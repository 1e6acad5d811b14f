package rig

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Cgroup is a control group of our own with one controller.
type Cgroup struct {
	t   *testing.T
	dir string
	v2  bool
}

// NewCgroup makes one below this process's own, in whichever hierarchy has the controller.
func NewCgroup(t *testing.T, controller string) Cgroup {
	t.Helper()
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		t.Skip("SKIPPED: no cgroups:", err)
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		g := Cgroup{t: t, dir: filepath.Join("/sys/fs/cgroup", controller, fields[2], fmt.Sprintf("percore-e2e-%d", os.Getpid()))}
		switch {
		case fields[1] == controller:
		case fields[1] == "" && strings.Contains(controllersOf("/sys/fs/cgroup"+fields[2]), controller):
			g.v2, g.dir = true, filepath.Join("/sys/fs/cgroup", fields[2], filepath.Base(g.dir))
		default:
			continue
		}
		if err := os.Mkdir(g.dir, 0o755); err != nil {
			t.Skipf("SKIPPED: a %s cgroup of our own: %v", controller, err)
		}
		t.Cleanup(g.remove)
		return g
	}
	t.Skipf("SKIPPED: no %s controller here", controller)
	return Cgroup{}
}

func controllersOf(dir string) string {
	text, _ := os.ReadFile(dir + "/cgroup.subtree_control")
	return string(text)
}

// Set writes the file that has name v1 or v2 in its generation; without a name it is left out.
func (g Cgroup) Set(v1, v2, value string) {
	g.t.Helper()
	name := v1
	if g.v2 {
		name = v2
	}
	if name == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(g.dir, name), []byte(value), 0); err != nil {
		g.t.Skipf("SKIPPED: set %s of a cgroup: %v", name, err)
	}
}

// Enter is a wrapper that puts percore into the group.
func (g Cgroup) Enter() []string {
	return []string{"sh", "-c", `echo 0 >"$1/cgroup.procs" && shift && exec "$@"`, "sh", g.dir}
}

// Value is what a file of the group says, without white space at the ends; empty where there is none.
func (g Cgroup) Value(name string) string {
	text, _ := os.ReadFile(filepath.Join(g.dir, name))
	return strings.TrimSpace(string(text))
}

// remove waits for the last process to be gone.
func (g Cgroup) remove() {
	for deadline := time.Now().Add(Patience); ; time.Sleep(10 * time.Millisecond) {
		err := os.Remove(g.dir)
		if err == nil || !errors.Is(err, syscall.EBUSY) || time.Now().After(deadline) {
			if err != nil {
				g.t.Error(err)
			}
			return
		}
	}
}
