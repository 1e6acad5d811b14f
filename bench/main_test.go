package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"percore/e2e/proc"
)

// quick are options of a run that takes a second.
func quick(t *testing.T) options {
	t.Helper()
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("gcc is not installed: apt-get install gcc libc6-dev")
	}
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
	t.Setenv("TMPDIR", t.TempDir())
	return options{
		rounds: 2, slice: 20 * time.Millisecond, limit: time.Minute,
		subjects: []string{"relay"}, rows: usualRows()[:1], command: "go run ./bench",
	}
}

// checkNothingLeft asserts that the run's scratch folder is gone and that this test has no child left but its own threads.
func checkNothingLeft(t *testing.T) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "percore-bench-*"))
	if err != nil || len(left) != 0 {
		t.Errorf("got %v, %v; want no scratch folder", left, err)
	}
	for _, p := range proc.ReadAll(proc.Family(os.Getpid())[1:]) {
		if strings.Contains(p.Argument(0), "percore-bench-") {
			t.Errorf("process %d still runs: %q", p.PID, p.Args)
		}
	}
}

func TestRunPrintsATableAndWritesTheDocument(t *testing.T) {
	o := quick(t)
	o.parts, o.idle = []string{memoryPart}, 100
	o.markdown = filepath.Join(t.TempDir(), "bench.md")
	var out, notes strings.Builder
	if err := run(context.Background(), o, &out, &notes); err != nil {
		t.Fatalf("got %v\n%s", err, notes.String())
	}
	document, err := os.ReadFile(o.markdown)
	if err != nil {
		t.Fatal(err)
	}
	checkText(t, out.String(), []string{"2 interleaved rounds of 20ms", "64 keep-alive connections", "relay", "Resident memory"}, nil)
	checkText(t, string(document), []string{
		summarySection().Begin(), "| figure | goal |", measuredSection().Begin(), "| relay |", "### Resident memory", measuredSection().End(),
	}, nil)
	checkText(t, notes.String(), []string{"round 2 of 2"}, []string{"FAILED", "SKIPPED"})
	checkNothingLeft(t)
}

func TestRunStopsWhenInterrupted(t *testing.T) {
	o := quick(t)
	o.rounds, o.slice = 1000, 200*time.Millisecond
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	var out, notes strings.Builder
	start := time.Now()
	err := run(ctx, o, &out, &notes)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the context's error", err)
	}
	if took := time.Since(start); took > time.Minute {
		t.Errorf("got %v until the end, want about 3 s", took)
	}
	checkNothingLeft(t)
}

func TestRunBeginsNoRoundAfterItsLimit(t *testing.T) {
	o := quick(t)
	o.limit = 0
	var out, notes strings.Builder
	if err := run(context.Background(), o, &out, &notes); err != nil {
		t.Fatal(err)
	}
	checkText(t, out.String(), []string{"0 interleaved rounds"}, nil)
	checkText(t, notes.String(), nil, []string{"round 1"})
	checkNothingLeft(t)
}

func TestRunWithNothingToMeasureIsAnError(t *testing.T) {
	o := quick(t)
	o.subjects, o.percore = []string{"percore"}, "/no/such/percore"
	var out, notes strings.Builder
	if err := run(context.Background(), o, &out, &notes); err == nil {
		t.Error("got no error, want one")
	}
	checkText(t, notes.String(), []string{"SKIPPED percore"}, nil)
	checkNothingLeft(t)
}

func checkText(t *testing.T, text string, has, lacks []string) {
	t.Helper()
	for _, want := range has {
		if !strings.Contains(text, want) {
			t.Errorf("got no %q in:\n%s", want, text)
		}
	}
	for _, unwanted := range lacks {
		if strings.Contains(text, unwanted) {
			t.Errorf("got %q, want none of it in:\n%s", unwanted, text)
		}
	}
}
