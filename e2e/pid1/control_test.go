package pid1

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"percore/e2e/load"
)

// startControlled runs n scripted workers, with a control socket that the test can reach.
func startControlled(t *testing.T, n int, variables env) *service {
	t.Helper()
	c := beginControlled(t, n, variables)
	c.AwaitReady(n)
	return c
}

// beginControlled does not wait for the workers.
func beginControlled(t *testing.T, n int, variables env) *service {
	t.Helper()
	all := env{"PERCORE_CONTROL": filepath.Join(t.TempDir(), "control.sock"), "PERCORE_WORKERS": fmt.Sprint(n), "PERCORE_GROUP": "webs", "PERCORE_NAME": "web"}
	maps.Copy(all, variables)
	return start(t, all, workerBinary, "worker", "serve", "{port}")
}

// withoutWaits is what a command printed, but for what it waits for: that depends on how busy the machine is.
func withoutWaits(text string) string {
	var rest strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "waits for ") {
			rest.WriteString(line)
		}
	}
	return rest.String()
}

type processStatus struct {
	Group, Name, State string
	Ready              bool
	PID, Restarts      int
	Requests           *int   `json:"requests"`
	RSS                int    `json:"rss_bytes"`
	LastEnd            string `json:"last_end"`
}

// status is status --json of the workers.
func (s *service) status() (list []processStatus) {
	s.Helper()
	text, _ := s.Ctl("status", "--json")
	var all struct{ Processes []processStatus }
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		s.Fatalf("status --json: %v\n%s", err, text)
	}
	for _, p := range all.Processes {
		if p.Group == "webs" {
			list = append(list, p)
		}
	}
	return list
}

func (s *service) name(i int) string { return fmt.Sprintf("webs:web-%d", s.PortsFrom+i) }

func TestStatusTellsWhatTheWorkersDo(t *testing.T) {
	c := startControlled(t, 2, nil)
	for range 10 {
		c.Body("/")
	}
	text := c.Succeed("status")
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if want := fmt.Sprintf("%-33s%-10spid ", c.name(0), "RUNNING"); len(lines) != 2 || !strings.HasPrefix(lines[0], want) {
		t.Errorf("got\n%s\nwant two lines, the first beginning with %q", text, want)
	}
	requests := 0
	for _, p := range c.status() {
		if p.Requests == nil || p.RSS == 0 || !p.Ready || p.PID == 0 {
			t.Fatalf("got %+v, want requests, memory, readiness and a pid", p)
		}
		requests += *p.Requests
	}
	if requests < 10 {
		t.Errorf("requests: got %d, want 10 at least", requests)
	}
	c.Kill(c.Worker(0))
	c.Await("the death to be told", func() bool {
		p := c.status()[0]
		return p.Restarts == 1 && strings.Contains(p.LastEnd, "SIGKILL")
	})
}

func TestCommandsStopStartAndDrainWorkersWhileTheOthersServe(t *testing.T) {
	c := startControlled(t, 2, nil)
	request := c.Get("/")
	request.Clients, request.KeepAlive, request.Check = 4, true, greeting
	running := load.Start(request)
	for _, step := range []struct {
		args []string
		want string
	}{
		{[]string{"stop", c.name(0)}, c.name(0) + ": stopped\n"},
		{[]string{"start", c.name(0)}, c.name(0) + ": started\n"},
		{[]string{"drain", c.name(1)}, c.name(1) + ": drained\n"},
		{[]string{"undrain", c.name(1)}, c.name(1) + ": undrained\n"},
		{[]string{"restart", "webs:*"}, fmt.Sprintf("%[1]s: stopped\n%[1]s: started\n%[2]s: stopped\n%[2]s: started\n", c.name(0), c.name(1))},
		{[]string{"healthcheck"}, "healthy: 2 of 2 workers ready\n"},
	} {
		if got := withoutWaits(c.Succeed(step.args...)); got != step.want {
			t.Errorf("percore %s: got %q, want %q", strings.Join(step.args, " "), got, step.want)
		}
	}
	if result := running.Stop(); result.Failed() > 0 || result.OK() == 0 {
		t.Errorf("got %v, want every request to be answered", result)
	}
	if text, code := c.Ctl("stop", "webs:*"); code != 0 {
		t.Errorf("stop: got code %d and %s", code, text)
	}
	if _, code := c.Ctl("status"); code != 3 {
		t.Errorf("status of what is stopped: got code %d, want 3", code)
	}
	if text, code := c.Ctl("healthcheck"); code != 1 || !strings.Contains(text, "2 STOPPED") {
		t.Errorf("healthcheck: got code %d and %q, want 1 and why", code, text)
	}
	c.Succeed("start", "all")
	c.Succeed("shutdown")
	if code := c.Wait(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	if _, err := os.Lstat(c.Control); err == nil {
		t.Error("the socket is still there")
	}
	if text, code := c.Ctl("status"); code != 4 || text != "unix://"+c.Control+" no such file\n" {
		t.Errorf("status of nobody: got code %d and %q, want 4 and that there is no such file", code, text)
	}
}

func TestNonsenseOnTheSocketDisturbsNobody(t *testing.T) {
	c := startControlled(t, 2, nil)
	request := c.Get("/")
	request.Clients, request.KeepAlive, request.Check = 2, true, greeting
	running := load.Start(request)
	before := len(c.Processes())
	for i := range 200 {
		conn, err := net.Dial("unix", c.Control)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
		switch i % 4 {
		case 0: // says nothing
		case 1:
			_, _ = io.WriteString(conn, "\x16\x03\x01\x02\x00")
		case 2:
			_, _ = io.WriteString(conn, `{"version":1,"verb":"restart","names":["`+strings.Repeat("x", 200<<10))
		case 3:
			_, _ = io.WriteString(conn, `{"version":1,"verb":"tail","follow":true,"stream":"stdout","names":["`+c.name(0)+`"]}`+"\n")
		}
	}
	if got := strings.Count(c.Succeed("status"), "RUNNING"); got != 2 {
		t.Errorf("running workers: got %d, want 2", got)
	}
	if result := running.Stop(); result.Failed() > 0 || result.OK() == 0 {
		t.Errorf("got %v, want every request to be answered", result)
	}
	if after := len(c.Processes()); after != before {
		t.Errorf("processes: got %d, want %d as before", after, before)
	}
	if c.Stop() != 0 {
		t.Errorf("exit code: got %d, want 0", c.Code())
	}
}

func TestOtherUsersAreRefused(t *testing.T) {
	c := startControlled(t, 1, nil)
	for name, socket := range map[string]string{"by the kernel": c.Control, "by percore, where the file is open to all": c.Control} {
		t.Run(name, func(t *testing.T) {
			if strings.HasPrefix(name, "by percore") {
				for dir := filepath.Dir(socket); dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
					_ = os.Chmod(dir, 0o755)
				}
				if err := os.Chmod(socket, 0o666); err != nil {
					t.Fatal(err)
				}
			}
			command := c.Command("stop", "all")
			command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 12345, Gid: 12345}}
			out, err := command.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "permission denied") {
				t.Errorf("got error %v and %q, want that permission is denied", err, out)
			}
		})
	}
	c.Body("/")
}

func TestWithoutAPlaceForTheSocketPercoreServesAndSaysSoOnce(t *testing.T) {
	for name, place := range map[string]string{
		"a folder that is not there": "/nowhere/percore.sock",
		"a file of somebody else's":  "/etc/hostname",
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, env{"PERCORE_CONTROL": place, "PERCORE_WORKERS": "1"}, workerBinary, "worker", "serve", "{port}")
			s.AwaitReady(1)
			s.Await("a line about it", func() bool { return s.Said("degraded", "no control socket") })
			s.Body("/")
			if code := s.Stop(); code != 0 {
				t.Errorf("exit code: got %d, want 0", code)
			}
			if n := len(s.WorkerLines("degraded")); n != 1 {
				t.Errorf("degraded: got %d lines, want 1", n)
			}
		})
	}
}

func TestTailFollowsAndAStuckReaderHoldsUpNobody(t *testing.T) {
	c := start(t, env{"PERCORE_CONTROL": filepath.Join(t.TempDir(), "s"), "PERCORE_MODE": "none", "PERCORE_READY": "none", "PERCORE_WORKERS": "1", "PERCORE_NAME": "yes", "PERCORE_GROUP": "yes"},
		"sh", "-c", "while true; do echo yes; done")
	var name string
	c.Await("a worker", func() bool {
		text, _ := c.Ctl("status")
		name, _, _ = strings.Cut(text, " ")
		return strings.Contains(text, "RUNNING")
	})
	for range 3 {
		follower := c.Command("tail", "-f", name)
		out, err := follower.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := follower.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = follower.Process.Kill(); _ = follower.Wait() }()
		buffer := make([]byte, 64<<10)
		if n, err := io.ReadAtLeast(out, buffer, len(buffer)); err != nil || !strings.Contains(string(buffer[:n]), "yes\nyes\n") {
			t.Fatalf("got %d bytes and error %v, want a stream of yes", n, err)
		}
		if err := follower.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
	}
	if text := c.Succeed("tail", "-4", name); text != "yes\n\n" && len(text) != 5 {
		t.Errorf("tail beside stuck readers: got %q, want 4 bytes and a line's end", text)
	}
	c.Succeed("shutdown")
	if code := c.Wait(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
}

// A health check runs every few seconds in every container: it may cost next to nothing. supervisorctl takes half a second of CPU.
func TestAControlCommandIsCheap(t *testing.T) {
	c := startControlled(t, 2, nil)
	cheapest := time.Hour
	for range 20 {
		command := c.Command("healthcheck")
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("healthcheck: %v\n%s", err, out)
		}
		cheapest = min(cheapest, command.ProcessState.UserTime()+command.ProcessState.SystemTime())
	}
	t.Logf("CPU time of a command: %v", cheapest)
	if cheapest > 20*time.Millisecond {
		t.Errorf("CPU time of a command: got %v at least, want 20ms at most", cheapest)
	}
}

// drainTimeout is the default.
const drainTimeout = 30 * time.Second

// A worker that has no request left, and said so long ago, does not take the drain timeout.
func TestADrainedWorkerIsStoppedAndRemovedAtOnce(t *testing.T) {
	c := startControlled(t, 3, nil)
	for _, i := range []int{1, 2} {
		c.Succeed("drain", c.name(i))
	}
	begun := time.Now()
	c.Succeed("stop", c.name(1))
	c.Succeed("scale", "2")
	c.Succeed("start", c.name(1))
	if took := time.Since(begun); took > drainTimeout-5*time.Second {
		t.Errorf("stop, scale and start: got %v, want them at once", took)
	}
	c.Succeed("scale", "3")
	if text := c.Succeed("status"); strings.Count(text, "RUNNING") != 3 || strings.Contains(text, "degraded:") {
		t.Errorf("got\n%s\nwant three workers that serve", text)
	}
}
