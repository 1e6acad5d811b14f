package program

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestAwaitLooksOftenAtFirst: what is there at once costs no pause, and what never comes is looked at once more at the
// end.
func TestAwaitLooksOftenAtFirst(t *testing.T) {
	looks := 0
	if err := Await(0, "what is there", func() bool { looks++; return true }); err != nil || looks != 1 {
		t.Errorf("got %v after %d looks, want no error after one", err, looks)
	}
	looks = 0
	if err := Await(0, "what never comes", func() bool { looks++; return false }); err == nil || looks < 1 || looks > 2 {
		t.Errorf("got %v after %d looks, want an error after one, or one more where the clock stands still", err, looks)
	}
	began := time.Now()
	err := Await(30*time.Millisecond, "what never comes", func() bool { return false })
	if took := time.Since(began); err == nil || took < 30*time.Millisecond {
		t.Errorf("got %v after %v, want an error when the time is over", err, took)
	}
}

func TestABuildThatIsCalledOffIsAnError(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	to := filepath.Join(t.TempDir(), "binary")
	if err := Build(ctx, to, "percore/bench/reverseproxy"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	if _, err := os.Stat(to); err == nil {
		t.Error("got a binary of a build that was called off")
	}
}

func TestAnEnvironmentIsBareButForWhatIsAdded(t *testing.T) {
	t.Setenv("PERCORE_LEAK", "1")
	command := exec.Command("/usr/bin/env")
	command.Env = BareEnviron("A=1", "B=two words")
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(got) != 4 || !slices.Contains(got, "HOME=/root") || !slices.Contains(got, "B=two words") || !strings.HasPrefix(got[0], "PATH=/") {
		t.Errorf("got %q, want a path, a home and what was added", got)
	}
	command.Env = BareEnviron()
	if command.Env = append(command.Env, "A=1"); len(BareEnviron()) != 2 {
		t.Errorf("the next environment: got %q, want one that is bare again", BareEnviron())
	}
}

// TestAnEndIsHeardByAllThatWait for it, each as often as it asks.
func TestAnEndIsHeardByAllThatWait(t *testing.T) {
	command := exec.Command("sh", "-c", "read x; exit 5")
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p, err := Start(command)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	codes := make(chan int)
	for range 3 {
		go func() { <-p.Done(); codes <- p.Code() }()
	}
	select {
	case code := <-codes:
		t.Errorf("got code %d while it runs", code)
	case <-time.After(20 * time.Millisecond):
	}
	in.Close()
	for range 3 {
		if code := <-codes; code != 5 {
			t.Errorf("got code %d, want 5", code)
		}
	}
	if !p.IsOver() || p.State().ExitCode() != 5 {
		t.Errorf("got over %t with %v, want over with 5", p.IsOver(), p.State())
	}
	p.Kill() // what is over stays as it is
	if p.Code() != 5 {
		t.Errorf("killed afterwards: got code %d, want 5", p.Code())
	}
}

// TestAKillLeavesNothing: what the program has started in its namespace goes with it.
func TestAKillLeavesNothing(t *testing.T) {
	if err := PID1Obstacle(); err != nil {
		t.Skip("SKIPPED:", err)
	}
	words := AsPID1("sh", "-c", "sleep 600 & echo up; wait")
	command := exec.Command(words[0], words[1:]...)
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	command.Stdout = in
	p, err := Start(command)
	in.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	if _, err := out.Read(make([]byte, 3)); err != nil {
		t.Fatal(err)
	}
	p.Kill()
	_ = out.SetReadDeadline(time.Now().Add(long))
	if _, err := out.Read(make([]byte, 1)); !errors.Is(err, io.EOF) { // sleep has the other end as well
		t.Errorf("got %v, want %v: no process has the pipe any more", err, io.EOF)
	}
}
