package tough

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestAStormOfOrphansLosesNoStatus makes 10,000 orphans a second beside workers that exit with known codes all the
// time. PERCORE_STORM is for how long, in seconds; the promise is ten.
func TestAStormOfOrphansLosesNoStatus(t *testing.T) {
	const rate, workers = 10000, 4
	seconds := 2
	if n, err := strconv.Atoi(os.Getenv("PERCORE_STORM")); err == nil {
		seconds = n
	}
	storm := compile(t, "storm")
	s := start(t, setup{
		args: []string{"sh", "-c", "sleep 0.02; exit $((40 + {index}))"},
		env: map[string]string{
			"PERCORE_MODE": "none", "PERCORE_READY": "none", "PERCORE_WORKERS": strconv.Itoa(workers), "PERCORE_STARTSECS": "0",
		},
	})
	s.await("some deaths", func() bool { return len(s.lines("worker ended")) > 20 })
	before, cpuBefore := resident(s.pid), cpu(s.pid)
	began := time.Now()
	output, err := exec.Command("nsenter", "--pid", "--mount", "--target", strconv.Itoa(s.pid),
		storm, strconv.Itoa(rate), strconv.Itoa(seconds)).Output()
	ended := time.Now()
	if err != nil {
		t.Fatal("storm:", err)
	}
	s.await("no zombie to be left", func() bool { return s.zombies() == 0 })
	cleared := time.Since(ended)
	made, _ := strconv.Atoi(strings.TrimSpace(string(output)))
	used := cpu(s.pid) - cpuBefore
	after := resident(s.pid)
	t.Logf("%d orphans in %v; no zombie %v after the last; PID 1: %v CPU, resident %d KiB before and %d KiB after",
		made, ended.Sub(began), cleared, used, before, after)
	if cleared > time.Second {
		t.Errorf("zombies: got some for %v after the last orphan, want none after 100ms", cleared)
	}
	const slack = 2048 // KiB: the heap's first collection has not happened yet, whatever the storm's length
	if after > before+slack {
		t.Errorf("resident: got %d KiB after %d KiB, want no growth", after, before)
	}
	s.expectStop()
	s.expectCodes()
}

// expectCodes wants every end of worker i to have been told with code 40+i, and every start to have an end.
func (s *service) expectCodes() {
	s.Helper()
	ends := s.lines("worker ended")
	for _, l := range ends {
		index := 0
		for l.Process[strings.LastIndex(l.Process, "-")+1:] != s.port(index+1) {
			index++
		}
		want := fmt.Sprintf("exited with code %d after", 40+index)
		if !strings.HasPrefix(l.Reason, want) && !strings.HasPrefix(l.Reason, "killed by SIGTERM") {
			s.Errorf("end of %s: got %q, want %q", l.Process, l.Reason, want)
		}
	}
	if starts := s.lines("worker started"); len(starts) != len(ends) {
		s.Errorf("got %d starts and %d ends, want as many", len(starts), len(ends))
	}
	s.Logf("%d ends told", len(ends))
}

// compile makes a program of testdata.
func compile(t *testing.T, name string) string {
	t.Helper()
	need(t, "a C program", "gcc", "--version")
	program := filepath.Join(built.dir, name)
	if output, err := exec.Command("gcc", "-O2", "-static", "-o", program, filepath.Join("testdata", name+".c")).CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: compile %s: %v\n%s", name, err, output)
	}
	return program
}
