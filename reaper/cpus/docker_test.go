package cpus_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"percore/reaper/cpus"
)

// image is only a C library to run the test binary on; the test is skipped where it is absent.
const image = "debian:bookworm-slim"

// TestReport is not a test of its own: it is what TestUsableInContainers runs inside a container.
func TestReport(t *testing.T) {
	if os.Getenv("CPUS_REPORT") == "" {
		t.Skip("runs inside TestUsableInContainers only")
	}
	fmt.Printf("report: %+v\n", cpus.Usable(os.DirFS("/"), cpus.Affinity()))
}

func TestUsableInContainers(t *testing.T) {
	if err := exec.Command("docker", "image", "inspect", image).Run(); err != nil {
		t.Skipf("no Docker engine with %s: %v", image, err)
	}
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name   string
		limits []string
		want   string
	}{
		{"half a CPU", []string{"--cpus=0.5"}, "{N:1 Why:cgroup v* quota 0.5 rounded up; affinity 2}"},
		{"a set of one CPU", []string{"--cpuset-cpus=0"}, "{N:1 Why:affinity 1; no cgroup quota}"},
		{"shares are no limit", []string{"--cpu-shares=256"}, "{N:2 Why:affinity 2; no cgroup quota}"},
		{"the host's cgroup namespace", []string{"--cpus=1", "--cgroupns=host"}, "{N:1 Why:cgroup v* quota 1; affinity 2}"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			args := []string{"run", "--rm", "--network=none", "-e", "CPUS_REPORT=1", "-v", binary + ":/cpus.test:ro"}
			args = append(append(args, c.limits...), image, "/cpus.test", "-test.run=^TestReport$")
			out, err := exec.Command("docker", args...).CombinedOutput()
			if err != nil {
				t.Fatalf("docker %v: %v\n%s", args, err, out)
			}
			_, got, _ := strings.Cut(string(out), "report: ")
			got, _, _ = strings.Cut(got, "\n")
			got = strings.NewReplacer("cgroup v1", "cgroup v*", "cgroup v2", "cgroup v*").Replace(got)
			want := strings.ReplaceAll(c.want, "affinity 2", fmt.Sprint("affinity ", cpus.Affinity()))
			want = strings.ReplaceAll(want, "N:2", fmt.Sprint("N:", cpus.Affinity()))
			if got != want {
				t.Errorf("docker %v\n got %s\nwant %s", c.limits, got, want)
			}
		})
	}
}
