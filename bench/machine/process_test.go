package machine

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"percore/e2e/proc"
	"percore/e2e/program"
)

func TestTailKeepsTheLastBytes(t *testing.T) {
	end := &Tail{Max: 6}
	for _, text := range []string{"first ", "and ", "last"} {
		if n, err := end.Write([]byte(text)); n != len(text) || err != nil {
			t.Errorf("got %d, %v; want %d, no error", n, err, len(text))
		}
	}
	if got := end.Text(); got != "d last" {
		t.Errorf("got %q, want %q", got, "d last")
	}
}

// TestAProcessEndsWithAllThatItStarted has a child that does not obey.
func TestAProcessEndsWithAllThatItStarted(t *testing.T) {
	runtime.LockOSThread() // its end would be the processes' end
	defer runtime.UnlockOSThread()
	script := `trap "" TERM; (trap "" TERM; while :; do sleep 0.01; done) & trap "echo last words >&2; exit 3" TERM; while :; do sleep 0.01; done`
	p, err := Start(AnyCPU, []string{"sh", "-c", script}, []string{"MORE=1"}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer p.End()
	err = program.Await(time.Minute, "the traps", func() bool {
		family := proc.ReadAll(proc.Family(p.PID()))
		return len(family) > 1 && family[0].Status.Has("SigCgt", syscall.SIGTERM) && family[1].Status.Has("SigIgn", syscall.SIGTERM)
	})
	if err != nil || p.Ended() != nil {
		t.Fatalf("got %v and %v, want it to run", err, p.Ended())
	}
	family := proc.ReadAll(proc.Family(p.PID()))
	p.End()
	p.End()
	if got := p.Ended(); got == nil || !strings.Contains(got.Error(), "exit status 3: last words") {
		t.Errorf("got %v, want its code and its last words", got)
	}
	for _, member := range family {
		err := program.Await(time.Minute, "the end of a descendant", func() bool { return !member.Lives() || proc.State(member.PID) == "Z" })
		if err != nil {
			t.Errorf("%v: %v", member, err)
		}
	}
}

func TestAProcessIsBornOnItsCPU(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cpus, err := PlanCPUs()
	if err != nil {
		t.Fatal(err)
	}
	before := proc.Status(os.Getpid())["Cpus_allowed_list"]
	p, err := Start(cpus.Load, []string{"sleep", "60"}, nil, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer p.End()
	if got := proc.Status(p.PID())["Cpus_allowed_list"]; got != strconv.Itoa(cpus.Load) {
		t.Errorf("CPUs of the process: got %s, want %d", got, cpus.Load)
	}
	if got := proc.Status(os.Getpid())["Cpus_allowed_list"]; got != before {
		t.Errorf("CPUs of this process: got %s, want %s as before", got, before)
	}
	if _, err := Start(AnyCPU, []string{"/no/such/program"}, nil, ""); err == nil {
		t.Error("a program that is not there: got no error")
	}
}
