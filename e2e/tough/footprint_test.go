package tough

import (
	"archive/tar"
	"bytes"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"percore/e2e/proc"
	"percore/e2e/program"
	"percore/e2e/rig"
)

// TestASmallContainerIsEnough has nothing but the binary in a container without privileges: 32 processes and threads, 24 MB, a
// read-only root, no capabilities, Docker's own seccomp profile, nobody's user.
func TestASmallContainerIsEnough(t *testing.T) {
	rig.Need(t, "a container", "docker", "version")
	image := importImage(t)
	port := rig.FreePorts(t, 2)
	address := program.Loopback(port)
	arguments := []string{
		"run", "--detach", "--network", "host", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
		"--user", "65534:65534", "--pids-limit", "32", "--memory", "24m", "--cpus", "1",
		"--env", "PERCORE_LISTEN=" + address, "--env", "PERCORE_PORTS_FROM=" + strconv.Itoa(port+1), image, "/percore", "demo",
	}
	id := rig.Docker(t, arguments...)
	t.Cleanup(func() { rig.Docker(t, "rm", "--force", id) })
	pid, err := strconv.Atoi(rig.Docker(t, "inspect", "--format", "{{.State.Pid}}", id))
	if err != nil {
		t.Fatal(err)
	}
	s := &service{rig.Attach(t, pid, address)}
	s.AwaitAnswer()
	for range 5 {
		s.replaceWorker()
	}
	total := 0
	for _, p := range append(proc.Children(pid), pid) {
		total += proc.Status(p).Number("Threads")
		t.Logf("%s: %d threads, %d KiB resident", proc.Status(p)["Name"], proc.Status(p).Number("Threads"), proc.Resident(p))
	}
	t.Logf("%d threads of 32", total)
	began := time.Now()
	rig.Docker(t, "stop", id)
	if code := rig.Docker(t, "inspect", "--format", "{{.State.ExitCode}} {{.State.OOMKilled}}", id); code != "0 false" {
		t.Errorf("exit code and OOM: got %s, want 0 false", code)
	}
	if took := time.Since(began); took > soon {
		t.Errorf("docker stop: took %v, want it within %v", took, soon)
	}
}

// importImage makes an image of the binary alone.
func importImage(t *testing.T) string {
	t.Helper()
	binary, err := os.ReadFile(kit.Percore)
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	if err := w.WriteHeader(&tar.Header{Name: "percore", Mode: 0o755, Size: int64(len(binary))}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(binary); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	command := exec.Command("docker", "import", "-")
	command.Stdin = &archive
	output, err := command.Output()
	if err != nil {
		t.Skip("SKIPPED: import an image:", err)
	}
	image := strings.TrimSpace(string(output))
	t.Cleanup(func() { rig.Docker(t, "rmi", "--force", image) })
	return image
}
