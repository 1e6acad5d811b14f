package pid1

import (
	"os"
	"strconv"
	"testing"
	"time"

	"percore/e2e/program"
	"percore/e2e/rig"
)

// notifier is a worker that serves from the start, says READY=1 when there is a file, and then WATCHDOG=1 every 0.2 s until there is another.
const notifier = `
import os, socket, sys, threading, time
from http.server import HTTPServer, BaseHTTPRequestHandler
class Hello(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", "11"); self.end_headers(); self.wfile.write(b"Hello from\n")
def say(text):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.sendto(text.encode(), "\0" + os.environ["NOTIFY_SOCKET"][1:])
def talk():
    say("STATUS=loading\nREADY=1")
    while not os.path.exists(sys.argv[2] + str(os.getpid())):
        say("WATCHDOG=1")
        time.sleep(0.2)
assert os.environ["WATCHDOG_USEC"] == "3000000", os.environ["WATCHDOG_USEC"]
server = HTTPServer(("127.0.0.1", int(sys.argv[1])), Hello)
if len(sys.argv) > 3: time.sleep(float(sys.argv[3]))
threading.Thread(target=talk, daemon=True).start()
server.serve_forever()
`

func TestAWorkerSaysItselfWhenItIsReadyAndThatItLives(t *testing.T) {
	rig.Need(t, "a worker in Python", program.Python, "-c", "")
	silence := t.TempDir() + "/silent-"
	s := start(t, env{"PERCORE_WORKERS": "2", "PERCORE_READY": "notify", "PERCORE_HEALTH_INTERVAL": "1"},
		"--", program.Python, "-c", notifier, "{port}", silence, "0.5")
	s.AwaitReady(2)
	name := s.WorkerName(0)
	first := s.ReadyWorkers()[name]
	if got := first.Time.Sub(s.WorkerLines("worker started")[0].Time); got < 500*time.Millisecond {
		t.Errorf("ready after %v, want it only when the worker says so", got)
	}
	if err := os.WriteFile(silence+strconv.Itoa(first.PID), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s.Await("the silent worker to be replaced", func() bool {
		l := s.ReadyWorkers()[name]
		return l.PID != 0 && l.PID != first.PID && s.Said("watchdog: no word for 3s")
	})
}

func TestAWorkerThatNeverSaysThatItIsReadyIsAFailedStart(t *testing.T) {
	s := start(t, env{"PERCORE_WORKERS": "1", "PERCORE_READY": "notify", "PERCORE_READY_TIMEOUT": "0.5", "PERCORE_STARTRETRIES": "0"}, serveCommand()...)
	if code := s.Wait(); code != 137 || !s.Said("worker is not ready in time") {
		t.Errorf("got code %d, want 137 and the reason", code)
	}
}

// whoSays becomes a notifier after it has said as whom it runs.
const whoSays = `
import os, sys
print("worker runs as", os.getuid(), os.getgid(), flush=True)
` + notifier

func TestAWorkerOfAnotherUserSaysThatItIsReady(t *testing.T) {
	rig.Need(t, "a worker in Python", program.Python, "-c", "")
	s := start(t, env{
		"PERCORE_WORKERS": "1", "PERCORE_USER": "nobody:nogroup", "PERCORE_READY": "notify",
		"PERCORE_HEALTH": "notify", "PERCORE_HEALTH_INTERVAL": "1",
	}, "--", program.Python, "-c", whoSays, "{port}", "/nonexistent/silent-", "0.5")
	s.AwaitReady(1)
	if !s.Said("worker runs as 65534 65534") {
		t.Error("want the worker to be nobody")
	}
	name := s.WorkerName(0)
	first := s.ReadyWorkers()[name]
	if got := first.Time.Sub(s.WorkerLines("worker started")[0].Time); got < 500*time.Millisecond {
		t.Errorf("ready after %v, want it only when the worker says so", got)
	}
	s.Await("the watchdog's 3 s to be over", func() bool { return time.Since(first.Time) > 4*time.Second })
	if l := s.ReadyWorkers()[name]; l.PID != first.PID || s.Said("worker is out of traffic") {
		t.Errorf("got pid %d, want %d still: its WATCHDOG=1 count as well", l.PID, first.PID)
	}
}

// intruder joins the process group of the worker, as far as the kernel lets it, and says what the worker should say.
const intruder = `
import os, re, socket, time
names = [l.split()[-1] for l in open("/proc/net/unix") if "@percore-1-" in l]
workers = [int(p) for p in os.listdir("/proc") if p.isdigit() and open("/proc/%s/cmdline" % p, "rb").read().startswith(b"sh\0-c\0sleep 1000")]
for worker in workers:
    try:
        os.setpgid(0, worker)
        print("joined the group of", worker, flush=True)
    except OSError as e:
        print("stays outside:", e, flush=True)
    for name in names:
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        s.sendto(b"READY=1", "\0" + name[1:])
print("said", len(names) * len(workers), flush=True)
time.sleep(1000)
`

func TestAProcessThatJoinsAWorkersGroupDoesNotSpeakForIt(t *testing.T) {
	rig.Need(t, "a worker in Python", program.Python, "-c", "")
	s := start(t, env{
		"PERCORE_WORKERS": "1", "PERCORE_READY": "notify", "PERCORE_LOGLEVEL": "debug",
		"PERCORE_PROGRAMS": "intruder", "PERCORE_INTRUDER_PRIORITY": "1000", "PERCORE_INTRUDER_COMMAND": program.Python + " -c '" + intruder + "'",
	}, "--", "sh", "-c", "sleep 1000 # the worker")
	s.Await("the intruder to have said READY=1", func() bool { return s.Said("notice of a process that is no worker's") || len(s.ReadyWorkers()) > 1 })
	if s.Said("said 0") || len(s.ReadyWorkers()) > 1 {
		t.Errorf("ready: got %v, want the intruder alone", s.ReadyWorkers())
	}
}
