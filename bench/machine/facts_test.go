package machine

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestCPUModel(t *testing.T) {
	if got := cpuModel("processor\t: 0\nmodel name\t: Example 9000\nflags\t: fpu\n"); got != "Example 9000" {
		t.Errorf("got %q, want Example 9000", got)
	}
	if got := cpuModel("Features\t: fp asimd\n"); got != runtime.GOARCH {
		t.Errorf("got %q where the kernel names no model, want %q", got, runtime.GOARCH)
	}
}

func TestLoadAverage(t *testing.T) {
	if got := loadAverage("1.40 1.48 0.88 2/120 4242"); got != "1.40 1.48 0.88" {
		t.Errorf("got %q, want 1.40 1.48 0.88", got)
	}
	if got := loadAverage(""); got != "unknown" {
		t.Errorf("got %q, want unknown", got)
	}
}

func TestReadMitigations(t *testing.T) {
	dir := t.TempDir()
	if got := readMitigations(dir); got != "none" {
		t.Errorf("got %q for an empty folder, want none", got)
	}
	for name, text := range map[string]string{"meltdown": "Mitigation: PTI\n", "mds": "Not affected\n", "retbleed": "Vulnerable\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := readMitigations(dir); got != "meltdown (PTI)" {
		t.Errorf("got %q, want meltdown (PTI)", got)
	}
}

func TestMachineText(t *testing.T) {
	m := Facts{Command: "go run ./bench", Kernel: "Linux 6.1", Congestion: "bbr", EmptyCall: 1062 * time.Nanosecond, Versions: []string{"nginx/1.22"}}
	for _, want := range []string{"command:     go run ./bench", "1062 ns", "Linux 6.1", "tcp:         bbr", "version:     nginx/1.22"} {
		if !strings.Contains(m.Text(), want) {
			t.Errorf("got no %q in:\n%s", want, m.Text())
		}
	}
}

func TestEmptyCallTakesBetweenTenNanosecondsAndAMillisecond(t *testing.T) {
	if got := timeEmptyCall(); got < 10*time.Nanosecond || got > time.Millisecond {
		t.Errorf("got %v", got)
	}
}
