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
	port := c.portsFrom + 1
	c.succeed("stop", fmt.Sprintf("webs:web-%d", port))
	holder := exec.Command("nsenter", "--target", fmt.Sprint(c.pid), "--pid", "--mount", built.worker, "worker", "serve", fmt.Sprint(port))
	if err := holder.Start(); err != nil {
		t.Skip("SKIPPED:", err)
	}
	defer func() { _ = holder.Wait() }()
	defer c.killServing(port)
	c.await("the port to be held", func() bool {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	_, _ = c.ctl("start", fmt.Sprintf("webs:web-%d", port))
	want := fmt.Sprintf("port %d is held by pid ", port)
	c.await("the holder to be named", func() bool { return c.said(want) && c.said("worker serve "+fmt.Sprint(port)) })
	if text, _ := c.ctl("status"); !strings.Contains(text, want) {
		t.Errorf("status: got\n%s\nwant the holder in it", text)
	}
	c.killServing(port)
	c.await("the worker to be started when the port is free", func() bool {
		list := c.status()
		return len(list) == 2 && list[1].State == "RUNNING"
	})
}

// killServing kills whatever was told to serve at a port.
func (c *controlled) killServing(port int) {
	for _, p := range c.processes() {
		cmdline, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.pid))
		if strings.Contains(string(cmdline), fmt.Sprintf("worker\x00serve\x00%d\x00", port)) {
			c.kill(p)
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
			s.await("the worker to live", func() bool { return s.said("I 2 live") })
			squat(t, s.portsFrom)
			time.Sleep(500 * time.Millisecond) // what must not happen has no event
			if ready := s.readyWorkers(); len(ready) > 0 {
				t.Errorf("got %v ready, want none: somebody else answers", ready)
			}
			s.awaitWithin(time.Minute, "the squatter to be told of", func() bool { return s.said("listens on nothing instead of", "where") })
		})
	}
}

// TestAWorkerOnTheWrongPortIsDiagnosed looks everywhere one looks.
func TestAWorkerOnTheWrongPortIsDiagnosed(t *testing.T) {
	wrong := freePorts(t)
	c := &controlled{socket: t.TempDir() + "/control.sock"}
	c.service = startUnder(t, dockerCapabilities(t), env{
		"PERCORE_CONTROL": c.socket, "PERCORE_WORKERS": "1", "PERCORE_GROUP": "webs", "PERCORE_NAME": "web", "PERCORE_USER": "65533:65533",
		"PERCORE_QUEUE_TIMEOUT": "1", "PERCORE_READY_TIMEOUT": "25",
	}, "sh", "-c", fmt.Sprintf("%s worker serve %d & wait # {port}", built.worker, wrong))
	want := fmt.Sprintf("listens on 127.0.0.1:%d instead of 127.0.0.1:%d", wrong, c.portsFrom)
	c.awaitWithin(time.Minute, "the diagnosis", func() bool { return c.said("worker does not listen where it is expected to", want) })
	for _, command := range [][]string{{"status"}, {"status", "-v"}, {"status", "--json"}, {"healthcheck"}} {
		if text, _ := c.ctl(command...); !strings.Contains(text, want) {
			t.Errorf("percore %s: got\n%s\nwant %q in it", strings.Join(command, " "), text, want)
		}
	}
	c.await("a 503 that says so", func() bool {
		result := load.Once(c.get("/"))
		return strings.Contains(string(result.Body), want)
	})
	c.awaitWithin(time.Minute, "the end after one round", c.isOver)
	if c.code != 2 || !c.said("no worker listens where it is expected to", want) {
		t.Errorf("the end: got code %d, want 2 and one sentence", c.code)
	}
	if n := len(c.messages("worker started")); n > 3 { // the front door, and the worker, which may have begun a second round
		t.Errorf("got %d starts, want one round", n)
	}
}

// TestServersThatForkOwnTheirPort are ready by what their children listen on.
func TestServersThatForkOwnTheirPort(t *testing.T) {
	need(t, "gunicorn forks its workers", "gunicorn", "--version")
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/app.py", []byte("def app(environ, start):\n    start('200 OK', [])\n    return [b'Hello from gunicorn']\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := startUnder(t, dockerCapabilities(t), env{"PERCORE_WORKERS": "1"}, "sh", "-c", "cd "+dir+" && gunicorn -w 2 -b 127.0.0.1:{port} app:app; exit 1")
	s.awaitReady(1)
	if got := s.body("/"); got != "Hello from gunicorn" {
		t.Errorf("got %q, want the application's answer", got)
	}
	if s.said("is taken for the worker") {
		t.Error("got the port believed, want it to be seen whose it is")
	}
}
