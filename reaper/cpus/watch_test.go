package cpus_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"percore/reaper/cpus"
)

func TestWithoutControlGroupsThereIsNothingToWatch(t *testing.T) {
	if w, err := cpus.Watch(fstest.MapFS{}); err == nil {
		w.Close()
		t.Error("got a watcher, want an error")
	}
}

func TestAWatcherEnds(t *testing.T) {
	w, err := cpus.Watch(os.DirFS("/"))
	if err != nil {
		t.Skipf("no control group to watch: %v", err)
	}
	done := make(chan struct{})
	go func() { defer close(done); w.Run(func() {}) }()
	w.Close()
	<-done
}

// TestWatchReport is not a test of its own: it is what TestChangesInContainers runs inside a container.
func TestWatchReport(t *testing.T) {
	if os.Getenv("CPUS_REPORT") == "" {
		t.Skip("runs inside TestChangesInContainers only")
	}
	w, err := cpus.Watch(os.DirFS("/"))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("watching")
	w.Run(func() { fmt.Printf("report: %+v\n", cpus.Usable(os.DirFS("/"), cpus.Affinity())) })
}

func TestChangesInContainers(t *testing.T) {
	if err := exec.Command("docker", "image", "inspect", image).Run(); err != nil {
		t.Skipf("no Docker engine with %s: %v", image, err)
	}
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("docker", "run", "--rm", "--detach", "--network=none", "--env", "CPUS_REPORT=1", "--volume", binary+":/cpus.test:ro",
		image, "/cpus.test", "-test.run=^TestWatchReport$", "-test.v").CombinedOutput()
	if err != nil {
		t.Fatalf("docker run: %v\n%s", err, out)
	}
	container := strings.TrimSpace(string(out))
	defer func() { _ = exec.Command("docker", "kill", container).Run() }()
	awaitLog(t, container, "watching")
	for _, change := range []struct{ option, want string }{
		{"--cpus=0.5", "{N:1 Why:cgroup v"},
		{"--cpuset-cpus=0", "affinity 1"},
	} {
		if out, err := exec.Command("docker", "update", change.option, container).CombinedOutput(); err != nil {
			t.Fatalf("docker update %s: %v\n%s", change.option, err, out)
		}
		awaitLog(t, container, change.want)
	}
}

// awaitLog waits until a container has said something.
func awaitLog(t *testing.T, container, want string) {
	t.Helper()
	var out []byte
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if out, _ = exec.Command("docker", "logs", container).CombinedOutput(); strings.Contains(string(out), want) {
			return
		}
	}
	t.Fatalf("log: got %s, want %q in it", out, want)
}
