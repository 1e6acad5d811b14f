package pid1

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"percore/e2e/load"
	"percore/e2e/rig"
)

// squat holds a port, as a process of this machine that is none of percore's.
func squat(t *testing.T, port int) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// TestAHeldPortIsNamed has somebody in the container hold the port of the second worker while it is to be restarted.
func TestAHeldPortIsNamed(t *testing.T) {
	c := startControlled(t, 2, env{"PERCORE_STARTSECS": "0.2"})
	port := c.PortsFrom + 1
	c.Succeed("stop", fmt.Sprintf("webs:web-%d", port))
	holder := exec.Command("nsenter", "--target", fmt.Sprint(c.PID), "--pid", "--mount", workerBinary, "worker", "serve", fmt.Sprint(port))
	if err := holder.Start(); err != nil {
		t.Skip("SKIPPED:", err)
	}
	defer func() { _ = holder.Wait() }()
	defer c.killServing(port)
	c.Await("the port to be held", func() bool {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	_, _ = c.Ctl("start", fmt.Sprintf("webs:web-%d", port))
	want := fmt.Sprintf("port %d is held by pid ", port)
	c.Await("the holder to be named", func() bool { return c.Said(want) && c.Said("worker serve "+fmt.Sprint(port)) })
	if text, _ := c.Ctl("status"); !strings.Contains(text, want) {
		t.Errorf("status: got\n%s\nwant the holder in it", text)
	}
	c.killServing(port)
	c.Await("the worker to be started when the port is free", func() bool {
		list := c.status()
		return len(list) == 2 && list[1].State == "RUNNING"
	})
}

// killServing kills whatever was told to serve at a port.
func (s *service) killServing(port int) {
	for _, p := range s.Processes() {
		cmdline, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.PID))
		if strings.Contains(string(cmdline), fmt.Sprintf("worker\x00serve\x00%d\x00", port)) {
			s.Kill(p)
		}
	}
}

// TestASquatterNeverPassesForAWorker: a worker that never listens while somebody else answers on its port.
func TestASquatterNeverPassesForAWorker(t *testing.T) {
	dir := t.TempDir()
	for name, user := range map[string]string{"workers of the same user": "", "workers of another user": "65533:65533"} {
		t.Run(name, func(t *testing.T) {
			gate := dir + "/" + strings.ReplaceAll(name, " ", "-")
			variables := env{"PERCORE_WORKERS": "1", "PERCORE_CONTROL": gate + ".sock", "PERCORE_READY_TIMEOUT": "60"}
			if user != "" {
				variables["PERCORE_USER"] = user
			}
			// The worker tells that it lives, and waits.
			s := startUnder(t, dockerCapabilities(t), variables, "sh", "-c", "echo I $((1+1)) live; exec sleep 600 # {port}")
			s.Await("the worker to live", func() bool { return s.Said("I 2 live") })
			squat(t, s.PortsFrom)
			time.Sleep(500 * time.Millisecond) // what must not happen has no event
			if ready := s.ReadyWorkers(); len(ready) > 0 {
				t.Errorf("got %v ready, want none: somebody else answers", ready)
			}
			s.AwaitWithin(time.Minute, "the squatter to be told of", func() bool { return s.Said("listens on nothing instead of", "where") })
		})
	}
}

// TestAWorkerOnTheWrongPortIsDiagnosed looks everywhere one looks.
func TestAWorkerOnTheWrongPortIsDiagnosed(t *testing.T) {
	wrong := rig.FreePorts(t, 10)
	c := startUnder(t, dockerCapabilities(t), env{
		"PERCORE_CONTROL": t.TempDir() + "/control.sock", "PERCORE_WORKERS": "1", "PERCORE_GROUP": "webs", "PERCORE_NAME": "web", "PERCORE_USER": "65533:65533",
		"PERCORE_QUEUE_TIMEOUT": "1", "PERCORE_READY_TIMEOUT": "25",
	}, "sh", "-c", fmt.Sprintf("%s worker serve %d & wait # {port}", workerBinary, wrong))
	want := fmt.Sprintf("listens on 127.0.0.1:%d instead of 127.0.0.1:%d", wrong, c.PortsFrom)
	c.AwaitWithin(time.Minute, "the diagnosis", func() bool { return c.Said("worker does not listen where it is expected to", want) })
	for _, command := range [][]string{{"status"}, {"status", "-v"}, {"status", "--json"}, {"healthcheck"}} {
		if text, _ := c.Ctl(command...); !strings.Contains(text, want) {
			t.Errorf("percore %s: got\n%s\nwant %q in it", strings.Join(command, " "), text, want)
		}
	}
	c.Await("a 503 that says so", func() bool {
		result := load.Once(c.Get("/"))
		return strings.Contains(string(result.Body), want)
	})
	c.AwaitWithin(time.Minute, "the end after one round", c.IsOver)
	if c.Code() != 2 || !c.Said("no worker listens where it is expected to", want) {
		t.Errorf("the end: got code %d, want 2 and one sentence", c.Code())
	}
	if n := len(c.WorkerLines("worker started")); n > 3 { // the front door, and the worker, which may have begun a second round
		t.Errorf("got %d starts, want one round", n)
	}
}

// TestServersThatForkOwnTheirPort are ready by what their children listen on.
func TestServersThatForkOwnTheirPort(t *testing.T) {
	rig.Need(t, "gunicorn forks its workers", "gunicorn", "--version")
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/app.py", []byte("def app(environ, start):\n    start('200 OK', [])\n    return [b'Hello from gunicorn']\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := startUnder(t, dockerCapabilities(t), env{"PERCORE_WORKERS": "1"}, "sh", "-c", "cd "+dir+" && gunicorn -w 2 -b 127.0.0.1:{port} app:app; exit 1")
	s.AwaitReady(1)
	if got := s.Body("/"); got != "Hello from gunicorn" {
		t.Errorf("got %q, want the application's answer", got)
	}
	if s.Said("is taken for the worker") {
		t.Error("got the port believed, want it to be seen whose it is")
	}
}
