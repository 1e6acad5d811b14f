package pid1

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"percore/e2e/load"
)

// TestAStopSaysWhatItWaitsFor has a request that takes its time.
func TestAStopSaysWhatItWaitsFor(t *testing.T) {
	c := startControlled(t, 1, env{})
	request := c.Get("/slow?for=4s")
	request.Clients = 1
	slow := load.Start(request)
	name := fmt.Sprintf("web-%d", c.PortsFrom)
	c.Await("the request to be under way", func() bool {
		text, _ := c.Ctl("status", "-v")
		return strings.Contains(text, "in flight 1")
	})
	if text := c.Succeed("stop", "webs:"+name); !strings.Contains(text, "waits for 1 request of "+name+", at most ") {
		t.Errorf("stop: got\n%s\nwant to be told of the request", text)
	}
	if got := slow.Stop(); got.OK() == 0 {
		t.Errorf("the request: got %v, want it answered", got)
	}
}

// TestLogsShowBothStreamsOfAll, and tail says where there is something.
func TestLogsShowBothStreamsOfAll(t *testing.T) {
	c := start(t, env{"PERCORE_CONTROL": t.TempDir() + "/control.sock", "PERCORE_WORKERS": "2", "PERCORE_GROUP": "webs", "PERCORE_NAME": "web"},
		"sh", "-c", "echo I am $PERCORE_WORKER_NAME >&2; exec "+workerBinary+" worker serve {port}")
	c.AwaitReady(2)
	text := c.Succeed("logs")
	for i := range 2 {
		name := fmt.Sprintf("web-%d", c.PortsFrom+i)
		if want := name + " | I am " + name + "\n"; !strings.Contains(text, want) {
			t.Errorf("logs: got\n%s\nwant %q in it", text, want)
		}
	}
	first := fmt.Sprintf("webs:web-%d", c.PortsFrom)
	if text := c.Succeed("logs", first); strings.Contains(text, fmt.Sprint(c.PortsFrom+1)) {
		t.Errorf("logs of one: got\n%s\nwant nothing of the other", text)
	}
	if text := c.Succeed("tail", first); !strings.Contains(text, "there is something on stderr: percore tail "+first+" stderr") {
		t.Errorf("tail of the stream that has nothing: got\n%s\nwant to be told of the other", text)
	}
	c.followLogs()
	if text := c.Succeed("scale", "+1"); !strings.Contains(text, "started") || len(c.status()) != 3 {
		t.Errorf("scale +1: got\n%s\nwant one worker more", text)
	}
	if c.Succeed("scale", "-2"); len(c.status()) != 1 {
		t.Errorf("scale -2: got %d workers, want 1", len(c.status()))
	}
}

// followLogs restarts a worker while logs -f looks on.
func (s *service) followLogs() {
	s.Helper()
	follow := s.Command("logs", "-f")
	out, err := follow.StdoutPipe()
	if err != nil {
		s.Fatal(err)
	}
	if err := follow.Start(); err != nil {
		s.Fatal(err)
	}
	seen := make(chan int)
	go func() {
		all, times := "", 0
		buffer := make([]byte, 4096)
		for times < 3 {
			n, err := out.Read(buffer)
			all += string(buffer[:n])
			if times = strings.Count(all, " | I am "); err != nil {
				break
			}
		}
		_ = follow.Process.Signal(os.Interrupt)
		_, _ = io.Copy(io.Discard, out)
		seen <- times
	}()
	s.Succeed("restart", fmt.Sprintf("webs:web-%d", s.PortsFrom))
	if times := <-seen; times < 3 {
		s.Errorf("logs -f: got %d lines, want those of before and one of the new process", times)
	}
	if err := follow.Wait(); err != nil {
		s.Errorf("logs -f, interrupted: got %v, want 0", err)
	}
}
