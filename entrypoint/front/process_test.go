package front

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"percore/entrypoint/link"
	"percore/entrypoint/self"
	"percore/lbproxy"
	"percore/lbproxy/balance"
	"percore/lbproxy/socket"
	"percore/reaper/early"
)

// patience is how long anything that should happen at once may take on a busy machine.
const patience = 30 * time.Second

// roleOfTest makes the test's binary a front door.
const roleOfTest = "FRONT_DOOR_OF_A_TEST=1"

// TestMain is also the front door that tests start.
func TestMain(m *testing.M) {
	for _, entry := range os.Environ() {
		if entry == roleOfTest {
			os.Exit(Run(self.Invocation{Args: os.Args[1:], Environ: os.Environ(), Stdout: os.Stdout, Stderr: os.Stderr, Signals: early.Signals()}))
		}
	}
	os.Exit(m.Run())
}

// process is a front door in a process of its own, with PID 1's end of the link in the test's hand.
type process struct {
	t       *testing.T
	command *exec.Cmd
	pipe    *os.File
	stderr  *guarded
	address string // of its listener
	wanted  link.Wanted
	ended   chan struct{} // closed with the process
}

// guarded is a buffer that the test reads while a process writes.
type guarded struct {
	mu sync.Mutex // guards the buffer
	b  bytes.Buffer
}

// Write appends.
func (g *guarded) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.b.Write(p)
}

// String is all so far.
func (g *guarded) String() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.b.String()
}

// launch starts a front door with one listener. It has been told nothing yet.
func launch(t *testing.T) *process {
	t.Helper()
	ours, theirs, err := link.Pair()
	if err != nil {
		t.Fatal(err)
	}
	listeners, err := socket.Listen("127.0.0.1:0", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.CloseListeners(listeners)
	p := &process{t: t, command: exec.Command("/proc/self/exe", "front"), pipe: ours, stderr: &guarded{}, ended: make(chan struct{})}
	open, err := net.FileListener(listeners[0].File)
	if err != nil {
		t.Fatal(err)
	}
	p.address = open.Addr().String()
	open.Close()
	p.command.Env = []string{roleOfTest, "GOMAXPROCS=3"}
	p.command.Stderr = p.stderr
	p.command.ExtraFiles = []*os.File{theirs, listeners[0].File}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	options := lbproxy.DefaultOptions()
	options.Services[0].QueueTimeout, options.Services[0].ReadyTimeout = 0, 0
	p.wanted = link.Wanted{
		Version: link.Version, Options: options, LogLevel: "DEBUG", LogStyle: "text", LogFD: 2,
		Listeners: []link.Listener{{FD: link.FrontFD + 1, Address: p.address, Loop: 0}},
	}
	go func() { defer close(p.ended); _ = p.command.Wait() }()
	t.Cleanup(func() {
		p.pipe.Close()
		_ = p.command.Process.Kill()
		<-p.ended
	})
	return p
}

// tell sends a newer snapshot.
func (p *process) tell(change func(*link.Wanted)) {
	p.t.Helper()
	p.wanted.Snapshot.Seq++
	change(&p.wanted)
	if err := link.Write(p.pipe, p.wanted); err != nil {
		p.t.Fatal(err)
	}
}

// awaitReport waits for a report on the newest snapshot.
func (p *process) awaitReport() lbproxy.Report {
	p.t.Helper()
	return p.await(func(lbproxy.Report) bool { return true })
}

// await waits for one of which something holds.
func (p *process) await(holds func(lbproxy.Report) bool) lbproxy.Report {
	p.t.Helper()
	_ = p.pipe.SetReadDeadline(time.Now().Add(patience))
	for {
		var r link.Reported
		if err := link.Read(p.pipe, &r); err != nil {
			p.t.Fatalf("waiting for a report: %v; stderr: %s", err, p.stderr)
		}
		if r.Report.Seq == p.wanted.Snapshot.Seq && holds(r.Report) {
			return r.Report
		}
	}
}

// wantEnd waits for the end with that code.
func (p *process) wantEnd(code int) {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Fatalf("waited %v for the end; stderr: %s", patience, p.stderr)
	}
	if got := p.command.ProcessState.ExitCode(); got != code {
		p.t.Errorf("got %s, want code %d; stderr: %s", p.command.ProcessState, code, p.stderr)
	}
}

// worker is a server that says its name, and the endpoint that it is.
func worker(t *testing.T, index int, name string) balance.Endpoint {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, name) }))
	t.Cleanup(server.Close)
	return balance.Endpoint{
		Index: index, Name: "webs:" + name, Address: strings.TrimPrefix(server.URL, "http://"), Incarnation: 1,
		State: balance.Up, Proven: true,
	}
}

// get is the status and the body of a request.
func (p *process) get() string {
	p.t.Helper()
	client := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get("http://" + p.address + "/")
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return fmt.Sprintf("%d %s", response.StatusCode, body)
}

func TestAFrontDoorServesWhatItIsTold(t *testing.T) {
	p := launch(t)
	p.tell(func(*link.Wanted) {})
	p.awaitReport()
	if got := p.get(); !strings.HasPrefix(got, "503 ") {
		t.Errorf("without a worker: got %q, want 503", got)
	}
	p.tell(func(w *link.Wanted) { w.Snapshot.Endpoints = []balance.Endpoint{worker(t, 0, "web-8000")} })
	p.awaitReport()
	if got := p.get(); got != "200 web-8000" {
		t.Errorf("got %q, want the worker's response", got)
	}
	p.tell(func(w *link.Wanted) {
		w.Snapshot.Endpoints = []balance.Endpoint{worker(t, 0, "web-8001")}
		w.Snapshot.Endpoints[0].Incarnation = 2
	})
	p.awaitReport()
	if got := p.get(); got != "200 web-8001" {
		t.Errorf("after another snapshot: got %q, want the other's answer", got)
	}
	p.tell(func(w *link.Wanted) { w.Options.ClientMaxHeaderSize, w.Options.ClientMaxHeaderFields = 1024, 1 })
	p.awaitReport()
	if got := p.get(); !strings.HasPrefix(got, "431 ") {
		t.Errorf("with other settings: got %q, want 431 for two fields", got)
	}
	p.tell(func(w *link.Wanted) { w.Snapshot.Ask = 1 })
	if r := p.awaitReport(); r.Asked != 1 || r.Figures == nil || len(r.Figures.Endpoints) != 1 || r.Figures.Endpoints[0].Served != 1 {
		t.Errorf("figures: got %+v, want one request of this incarnation", r)
	}
}

func TestAFrontDoorGivesUpWhatItDoesNotNeed(t *testing.T) {
	p := launch(t)
	p.tell(func(*link.Wanted) {})
	p.awaitReport()
	folder := fmt.Sprintf("/proc/%d/", p.command.Process.Pid)
	status, err := os.ReadFile(folder + "status")
	if err != nil {
		t.Skip("SKIPPED: no /proc:", err)
	}
	if !strings.Contains(string(status), "NoNewPrivs:\t1\n") || !strings.Contains(string(status), "Name:\tpercore-front\n") {
		t.Errorf("got %s, want no new privileges, and the name that ps shows", status)
	}
	if _, err := os.ReadFile(folder + "mem"); os.Getuid() != 0 && err == nil {
		t.Error("another process of the same user may read its memory")
	}
}

func TestAFrontDoorEndsWithPID1(t *testing.T) {
	p := launch(t)
	p.tell(func(*link.Wanted) {})
	p.awaitReport()
	p.pipe.Close()
	p.wantEnd(0)
}

func TestAFrontDoorThatIsDrainedEndsByTERM(t *testing.T) {
	p := launch(t)
	p.tell(func(w *link.Wanted) { w.Snapshot.Endpoints = []balance.Endpoint{worker(t, 0, "web-8000")} })
	p.awaitReport()
	p.tell(func(w *link.Wanted) {
		w.Snapshot.Drain, w.Snapshot.Sole = true, true
		w.Snapshot.Endpoints[0].State = balance.Draining
	})
	p.await(func(r lbproxy.Report) bool { return len(r.Drained) == 1 && r.Settled }) // it has no request
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {          // the first is the terminal's, which is PID 1's business
		if err := p.command.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
	}
	p.wantEnd(0)
}

func TestAStrangersTERMMakesRoomForAnother(t *testing.T) {
	p := launch(t)
	p.tell(func(*link.Wanted) {})
	p.awaitReport()
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if got := p.get(); !strings.HasPrefix(got, "503 ") {
		t.Errorf("while it waits for the order: got %q, want it to serve", got)
	}
	p.wantEnd(0)
}

func TestAFrontDoorThatCannotServeSaysWhy(t *testing.T) {
	for name, c := range map[string]struct {
		say  func(*process)
		want string
	}{
		"PID 1 is another build": {
			func(p *process) { p.tell(func(w *link.Wanted) { w.Version++ }) },
			"both sides must come from one binary",
		},
		"PID 1 talks nonsense": {
			func(p *process) { _, _ = p.pipe.Write([]byte("\x00\x00\x00\x02][")) },
			"take orders from PID 1: decode link message",
		},
		"PID 1 says nothing": {func(p *process) { p.pipe.Close() }, "take orders from PID 1: EOF"},
		"settings that are none": {
			func(p *process) { p.tell(func(w *link.Wanted) { w.Options.Loops = 0 }) }, "front door options: 0 loops",
		},
		"a later one is another build": {func(p *process) {
			p.tell(func(*link.Wanted) {})
			p.awaitReport()
			p.tell(func(w *link.Wanted) { w.Version++ })
		}, "both sides must come from one binary"},
	} {
		t.Run(name, func(t *testing.T) {
			p := launch(t)
			c.say(p)
			p.wantEnd(self.ExitInternal)
			if !strings.Contains(p.stderr.String(), c.want) {
				t.Errorf("got %q, want %q", p.stderr, c.want)
			}
		})
	}
}
