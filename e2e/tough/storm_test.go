package tough

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"percore/e2e/proc"
	"percore/e2e/rig"
)

// TestAStormOfOrphansLosesNoStatus makes 10,000 orphans a second beside workers that exit with known codes all the
// time. PERCORE_STORM is for how long, in seconds; the promise is ten.
func TestAStormOfOrphansLosesNoStatus(t *testing.T) {
	const rate, workers = 10000, 4
	seconds := 2
	if n, err := strconv.Atoi(os.Getenv("PERCORE_STORM")); err == nil {
		seconds = n
	}
	rig.Need(t, "a C program", "gcc", "--version")
	storm, err := kit.CompileC("storm", "testdata/storm.c")
	if err != nil {
		t.Skip("SKIPPED:", err)
	}
	s := start(t, rig.Setup{
		Args: []string{"sh", "-c", "sleep 0.02; exit $((40 + {index}))"},
		Env: map[string]string{
			"PERCORE_MODE": "none", "PERCORE_READY": "none", "PERCORE_WORKERS": strconv.Itoa(workers), "PERCORE_STARTSECS": "0",
		},
	})
	s.Await("some deaths", func() bool { return len(s.Lines("worker ended")) > 20 })
	before, cpuBefore := proc.Resident(s.PID), proc.CPU(s.PID)
	began := time.Now()
	output, err := exec.Command("nsenter", "--pid", "--mount", "--target", strconv.Itoa(s.PID),
		storm, strconv.Itoa(rate), strconv.Itoa(seconds)).Output()
	ended := time.Now()
	if err != nil {
		t.Fatal("storm:", err)
	}
	s.Await("no zombie to be left", func() bool { return s.zombies() == 0 })
	cleared := time.Since(ended)
	made, _ := strconv.Atoi(strings.TrimSpace(string(output)))
	used := proc.CPU(s.PID) - cpuBefore
	after := proc.Resident(s.PID)
	t.Logf("%d orphans in %v; no zombie %v after the last; PID 1: %v CPU, resident %d KiB before and %d KiB after",
		made, ended.Sub(began), cleared, used, before, after)
	const slack = 2048 // KiB: the heap's first collection has not happened yet, whatever the storm's length
	if after > before+slack {
		t.Errorf("resident: got %d KiB after %d KiB, want no growth", after, before)
	}
	s.expectStop()
	s.expectCodes()
	rig.WantWithin(t, "no zombie after the last orphan", cleared, time.Second)
}

// expectCodes wants every end of worker i to have been told with code 40+i, and every start to have an end.
func (s *service) expectCodes() {
	s.Helper()
	ends := s.Lines("worker ended")
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
	if starts := s.Lines("worker started"); len(starts) != len(ends) {
		s.Errorf("got %d starts and %d ends, want as many", len(starts), len(ends))
	}
	s.Logf("%d ends told", len(ends))
}
