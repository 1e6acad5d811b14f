package rig_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"percore/e2e/rig"
)

// faultVariable has this test binary make the faults, in a run of its own: what is tried is how a test fails.
const faultVariable = "RIG_TEST_FAULTS"

// faults are scenarios that go wrong, each in one way.
var faults = map[string]struct {
	make  func(t *testing.T)
	ends  string // FAIL or SKIP
	wants string // in what the test says; a regular expression
}{
	"what never comes": {
		func(t *testing.T) { rig.AwaitWithin(t, 10*time.Millisecond, "the moon", func() bool { return false }) },
		"FAIL", `wait for the moon: not within 10ms`,
	},
	"what stays missing": {
		func(t *testing.T) {
			rig.Eventually(t, 10*time.Millisecond, func() error { return errors.New("two apples are missing") })
		},
		"FAIL", `after 10ms: two apples are missing`,
	},
	"a program that is not there": {
		func(t *testing.T) { rig.Need(t, "a miracle", "/no/such/program", "--version") },
		"SKIP", `SKIPPED: a miracle: \["/no/such/program" "--version"\]`,
	},
	"a command that cannot be run": {
		func(t *testing.T) { rig.Output(t, exec.Command("/no/such/program")) },
		"FAIL", `no such file or directory`,
	},
	"a process that cannot be started": {
		func(t *testing.T) { rig.Start(t, exec.Command("/no/such/program")) },
		"FAIL", `start /no/such/program: `,
	},
	"a process that ends before it says it": {
		func(t *testing.T) { rig.Start(t, exec.Command("echo", "good bye")).AwaitText("hello", 2) },
		"FAIL", `ended before it printed "hello" 2 times; it printed:\s+good bye`,
	},
	"a log that is shown": {
		func(t *testing.T) {
			p := rig.Start(t, exec.Command("echo", "last words"))
			t.Errorf("got code %d", p.Wait())
		},
		"FAIL", `the end of what was said:\s+last words`,
	},
	"an answer that is no 200": {
		func(t *testing.T) {
			server := httptest.NewServer(http.NotFoundHandler())
			defer server.Close()
			rig.Attach(t, os.Getpid(), server.Listener.Addr().String()).Body("/page")
		},
		"FAIL", `GET /page: .*404`,
	},
	"nothing to connect to": {
		func(t *testing.T) { rig.Attach(t, os.Getpid(), "127.0.0.1:1").Connect() },
		"FAIL", `connection refused`,
	},
	"a percore that ends instead of answering": {
		func(t *testing.T) { kit.Start(t, rig.Setup{Args: []string{"version"}}).AwaitAnswer() },
		"FAIL", `percore ended with code 0`,
	},
	"a control command that fails": {
		func(t *testing.T) {
			kit.Start(t, rig.Setup{Args: []string{"demo"}, Env: map[string]string{"PERCORE_WORKERS": "1"}}).Succeed("stop", "nobody:nothing")
		},
		"FAIL", `percore stop nobody:nothing: got code [1-9]`,
	},
	"a process that is gone": {
		func(t *testing.T) {
			s := kit.Start(t, rig.Setup{Args: []string{"demo"}, Env: map[string]string{"PERCORE_WORKERS": "1"}})
			worker := s.Worker(0)
			worker.PID = 1 << 30
			s.Kill(worker)
		},
		"FAIL", `kill .*demo-worker.*: no such process`,
	},
	"docker without a command": {
		func(t *testing.T) { rig.Docker(t, "no-such-command") },
		"FAIL", `docker no-such-command: `,
	},
}

// TestFaults makes every fault when it is told to.
func TestFaults(t *testing.T) {
	if os.Getenv(faultVariable) == "" {
		t.Skip("it is run by TestAFaultIsTold")
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) { fault.make(t) })
	}
}

func TestAFaultIsTold(t *testing.T) {
	kit.NeedPID1(t)
	command := exec.Command("/proc/self/exe", "-test.run=^TestFaults$", "-test.v", "-test.timeout=300s")
	command.Env = append(os.Environ(), faultVariable+"=make them")
	out, err := command.CombinedOutput()
	if err == nil {
		t.Errorf("got success of\n%s\nwant it to fail", out)
	}
	for name, fault := range faults {
		said := outputOf(string(out), name)
		if !strings.Contains(string(out), "--- "+fault.ends+": TestFaults/"+strings.ReplaceAll(name, " ", "_")+" (") {
			t.Errorf("%s: got\n%s\nwant it to end with %s", name, said, fault.ends)
		}
		if !regexp.MustCompile(fault.wants).MatchString(said) {
			t.Errorf("%s: got\n%s\nwant %s in it", name, said, fault.wants)
		}
	}
}

// outputOf is what one of the subtests said, from its beginning to that of the next.
func outputOf(all, name string) string {
	_, after, _ := strings.Cut(all, "=== RUN   TestFaults/"+strings.ReplaceAll(name, " ", "_")+"\n")
	before, _, _ := strings.Cut(after, "=== RUN ")
	return before
}

// TestATimeIsJudgedOnAMachineThatIsNotBusy cannot know which this one is: a time that is too long is a fault or says nothing.
func TestATimeIsJudgedOnAMachineThatIsNotBusy(t *testing.T) {
	t.Run("one that is short enough", func(t *testing.T) {
		rig.WantWithin(t, "a short time", time.Millisecond, time.Second)
		if t.Skipped() {
			t.Error("got it skipped")
		}
	})
	if wanting := rig.Wanting(); wanting < 0 {
		t.Errorf("threads that want the CPUs: got %v", wanting)
	}
}
