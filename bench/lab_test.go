package main

import (
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"percore/bench/load"
	"percore/bench/machine"
	"percore/bench/subject"
	"percore/e2e/program"
)

// openLab is a lab with a running worker; the test asserts at its end that no process is left.
func openLab(t *testing.T) *lab {
	t.Helper()
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("gcc is not installed: apt-get install gcc libc6-dev")
	}
	runtime.LockOSThread()
	l, err := newLab(io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		started := l.processes
		l.close()
		for _, p := range started {
			if p.Ended() == nil {
				t.Errorf("process %d still runs", p.PID())
			}
		}
		if _, err := os.Stat(l.dir); !os.IsNotExist(err) {
			t.Errorf("got %v for the scratch folder, want it gone", err)
		}
		runtime.UnlockOSThread()
	})
	if err := l.startWorker(context.Background()); err != nil {
		t.Fatal(err)
	}
	return l
}

// TestLab shares one lab: compiling its programs takes longer than most of the cases.
func TestLab(t *testing.T) {
	l := openLab(t)
	cases := []struct {
		name string
		run  func(*testing.T, *lab)
	}{
		{"the relay is measured in every row that it can do", measuresEveryRow},
		{"the load generator refuses a wrong answer", refusesWrongAnswer},
		{"the load generator can open a connection per request", opensConnectionPerRequest},
		{"the load generator ends with its context", loadEndsWithContext},
		{"the relay makes four system calls per request", countsSyscalls},
		{"the memory row holds idle connections", holdsIdleConnections},
		{"the relay can use a unix socket", relaysToUnixSocket},
		{"lone requests are paced by the clock", pacesLoneRequests},
		{"sleepers are raced by schedule", racesSleepers},
		{"large bodies go through whole, in both directions", carriesLargeBodies},
		{"a worker that has to wait for a late client is told of", tellsStreamedAnswers},
		{"the worker refuses a body that differs", workerRefusesWrongBody},
		{"a sleeper waits for a body, and for the reader of a long answer", sleeperWaits},
		{"a proxy that adds no headers is noted", notesMissingHeaders},
		{"a proxy that ends at once says why", reportsWhyProxyEnded},
		{"a missing proxy is skipped and said so", skipsMissingProxy},
	}
	for _, c := range cases {
		// A case may collect the notes for itself; the next one starts afresh.
		l.notes = io.Discard
		t.Run(c.name, func(t *testing.T) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			c.run(t, l)
		})
	}
}

func openRelay(t *testing.T, l *lab) *runner {
	t.Helper()
	r, err := l.launch(context.Background(), subject.Relay(), subject.Plain())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func measuresEveryRow(t *testing.T, l *lab) {
	s := openRelay(t, l)
	b := newBoard()
	for _, r := range usualRows() {
		l.sample(context.Background(), b, r, s, 30*time.Millisecond)
		c := b.cell(r.name, s.Name)
		if c.err != nil {
			t.Errorf("%s: got %v", r.name, c.err)
		}
		if want := !r.closeEach && r.Variant == subject.Plain(); (len(c.samples) == 1) != want {
			t.Errorf("%s: got %d samples, want one: %v", r.name, len(c.samples), want)
		}
		for _, taken := range c.samples {
			if taken.total.Requests < 1 || taken.microseconds() <= 0 {
				t.Errorf("%s: got %+v, want requests that cost something", r.name, taken)
			}
		}
	}
}

func refusesWrongAnswer(t *testing.T, l *lab) {
	spec := load.Spec{Port: l.workerPort, Conns: 1, BodyBytes: 2048, CPU: l.cpus.Load, Run: 10 * time.Millisecond}
	_, err := load.Start(context.Background(), l.programs.Load, spec)
	if err == nil || !strings.Contains(err.Error(), "wrong answer: status") {
		t.Errorf("got %v, want a complaint about the Status: the worker knows no such size", err)
	}
}

func opensConnectionPerRequest(t *testing.T, l *lab) {
	spec := load.Spec{Port: l.workerPort, Conns: 4, BodyBytes: 1024, CPU: l.cpus.Load, Run: 20 * time.Millisecond, CloseEach: true}
	g, err := load.Start(context.Background(), l.programs.Load, spec)
	if err != nil {
		t.Fatal(err)
	}
	total, err := g.Run()
	if err != nil || total.Requests < 4 {
		t.Errorf("got %+v, %v; want at least one request per slot", total, err)
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
}

func loadEndsWithContext(t *testing.T, l *lab) {
	ctx, cancel := context.WithCancel(context.Background())
	g, err := load.Start(ctx, l.programs.Load, load.Spec{Port: l.workerPort, Conns: 1, BodyBytes: 1024, CPU: l.cpus.Load, Run: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := g.Run(); err == nil {
		t.Error("got no error after the context ended, want one")
	}
}

func countsSyscalls(t *testing.T, l *lab) {
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("strace is not installed: apt-get install strace")
	}
	s := openRelay(t, l)
	b := newBoard()
	l.trace(context.Background(), b, usualRows()[0], s)
	got := b.cell(requiredRow, s.Name).syscalls
	if got == 0 {
		t.Skip("tracing is not allowed here")
	}
	if got < 4 || got > 5.1 {
		t.Errorf("got %.2f system calls per request, want 4 and a share of one epoll_wait", got)
	}
}

func relaysToUnixSocket(t *testing.T, l *lab) {
	s, err := l.launch(context.Background(), subject.Relay(), subject.Variant{Loops: 1, Unix: true})
	if err != nil {
		t.Fatal(err)
	}
	if body, err := subject.Get(context.Background(), s.port, "/1024"); err != nil || len(body) != 1024 {
		t.Errorf("got %d bytes, %v; want 1024", len(body), err)
	}
}

func pacesLoneRequests(t *testing.T, l *lab) {
	g, err := load.Start(context.Background(), l.programs.Load, load.Spec{Port: l.workerPort, Conns: 1, BodyBytes: 1024, CPU: l.cpus.Load, Run: 300 * time.Millisecond, Rate: 100})
	if err != nil {
		t.Fatal(err)
	}
	total, err := g.Run()
	if err != nil || total.Requests < 10 || total.Requests > 30 { // a busy machine misses some of its moments
		t.Errorf("got %+v, %v; want 30 requests: 100 per second for 300 ms", total, err)
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
}

// racesSleepers sends more than two sleepers can take through a relay to the first, and checks that all of it is accounted for.
func racesSleepers(t *testing.T, l *lab) {
	s := load.Scenario{Name: "test", Workers: 2, Load: 0.5, Mean: 5 * time.Millisecond, Constant: true}
	r, err := l.enter(context.Background(), contender{name: "relay", subject: subject.Relay(), discipline: subject.RoundRobin}, s, "")
	if err != nil {
		t.Fatal(err)
	}
	run := &trial{contender: contender{name: "relay"}, Scenario: s, runner: r}
	l.race(context.Background(), []*trial{run}, 300*time.Millisecond, 10*time.Second)
	good, failed := run.latencies()
	if len(good) == 0 || failed != 0 || len(good) != len(s.Plan(300*time.Millisecond)) {
		t.Errorf("got %d answers and %d failures, want one answer for each of %d arrivals", len(good), failed, len(s.Plan(300*time.Millisecond)))
	}
	if least := percentile(good, 0); least < 5 {
		t.Errorf("got an answer after %.2f ms, want none before its worker has slept for 5", least)
	}
	if len(run.memory) != 3 {
		t.Errorf("got memory %v, want three readings", run.memory)
	}
}

func holdsIdleConnections(t *testing.T, l *lab) {
	b := newBoard()
	l.measureMemory(context.Background(), b, openRelay(t, l), 500)
	m := b.memory["relay"]
	if m.conns != 500 || m.idle < m.start || m.start == 0 {
		t.Errorf("got %+v, want 500 connections and at least the memory of the start", m)
	}
}

func notesMissingHeaders(t *testing.T, l *lab) {
	var notes strings.Builder
	l.notes = &notes
	s := openRelay(t, l)
	l.checkHeaders(context.Background(), s)
	if notes.Len() != 0 {
		t.Errorf("got %q for the relay, want silence: it is known to add nothing", notes.String())
	}
	s.Raw = false
	l.checkHeaders(context.Background(), s)
	if !strings.Contains(notes.String(), "UNFAIR relay: the worker did not see X-Real-IP: 127.0.0.1") {
		t.Errorf("got %q, want a note about the missing headers", notes.String())
	}
}

func reportsWhyProxyEnded(t *testing.T, l *lab) {
	broken := subject.Relay()
	broken.Launch = func(context.Context, subject.Place, subject.Setup) (subject.Launch, error) {
		return subject.Launch{Argv: []string{l.programs.Relay}}, nil
	}
	_, err := l.launch(context.Background(), broken, subject.Plain())
	if err == nil || !strings.Contains(err.Error(), "exit status 2: usage: relay") {
		t.Errorf("got %v, want its exit status and its last words", err)
	}
}

func skipsMissingProxy(t *testing.T, l *lab) {
	var notes strings.Builder
	l.notes = &notes
	field, err := l.assemble(context.Background(), options{subjects: []string{"percore", "relay"}, percore: "/no/such/percore"})
	if err != nil || len(field) != 1 || field[0].Name != "relay" {
		t.Errorf("got %d subjects, %v; want the relay alone", len(field), err)
	}
	if !strings.Contains(notes.String(), "SKIPPED percore") {
		t.Errorf("got %q, want a note about percore", notes.String())
	}
	if _, err := l.assemble(context.Background(), options{subjects: []string{"percore"}, percore: "/no/such/percore"}); err == nil {
		t.Error("got no error with nothing to measure, want one")
	}
}

func carriesLargeBodies(t *testing.T, l *lab) {
	s := openRelay(t, l)
	for _, r := range heldRows() {
		if r.late {
			continue // the relay holds nothing
		}
		taken, err := l.slice(context.Background(), r, s, time.Millisecond)
		if err != nil {
			t.Errorf("%s: got %v", r.name, err)
			continue
		}
		if taken.total.Requests < int64(r.conns) || taken.units != taken.total.Requests*r.units() || taken.total.Streamed != 0 {
			t.Errorf("%s: got %+v, want a request of each connection, in mebibytes", r.name, taken)
		}
	}
}

func tellsStreamedAnswers(t *testing.T, l *lab) {
	port := openNarrowRelay(t, l.workerPort)
	spec := load.Spec{Port: port, Conns: 1, BodyBytes: 10 << 20, CPU: l.cpus.Load, Late: 100 * time.Millisecond}
	g, err := load.Start(context.Background(), l.programs.Bodies, spec)
	if err != nil {
		t.Fatal(err)
	}
	total, err := g.Run()
	if err != nil || total.Requests != 1 || total.Streamed != 1 {
		t.Errorf("got %+v, %v; want one request, whose worker had to wait: nothing holds the rest", total, err)
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
}

// openNarrowRelay relays connections to a port with so little memory that most of a long answer stays with its worker: its own
// and the kernel's, which would take all of it.
func openNarrowRelay(t *testing.T, to int) (port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	narrow := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 64<<10) })
	}}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			worker, err := narrow.Dial("tcp", program.Loopback(to))
			if err != nil {
				t.Error(err)
				return
			}
			_ = client.(*net.TCPConn).SetWriteBuffer(64 << 10)
			pass := func(to, from net.Conn) {
				_, _ = io.Copy(struct{ io.Writer }{to}, struct{ io.Reader }{from}) // through memory, not through a pipe of the kernel's
				to.Close()
				from.Close()
			}
			go pass(worker, client)
			go pass(client, worker)
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

func workerRefusesWrongBody(t *testing.T, l *lab) {
	cases := []struct {
		name, head, body string
		want             string
	}{
		{"a body of the pattern", "Content-Length: 28", "abcdefghijklmnopqrstuvwxyzab", "200 OK"},
		{"one that differs", "Content-Length: 3", "abd", "400 Bad Request"},
		{"chunks", "Transfer-Encoding: chunked", "2\r\nab\r\n1A;x=1\r\ncdefghijklmnopqrstuvwxyzab\r\n0\r\n\r\n", "200 OK"},
		{"chunks that differ", "Transfer-Encoding: chunked", "2\r\nab\r\n1\r\nd\r\n0\r\n\r\n", "400 Bad Request"},
		{"no body", "Accept: */*", "", "200 OK"},
	}
	for _, c := range cases {
		request := "POST /1024 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + c.head + "\r\n\r\n" + c.body
		for cut := 1; cut <= len(request); cut += max(1, len(request)/7) {
			if got := say(t, l.workerPort, request[:cut], request[cut:]); got != "HTTP/1.1 "+c.want {
				t.Errorf("%s, cut at %d: got %q, want %s", c.name, cut, got, c.want)
			}
		}
	}
}

// say sends a request in two parts to a port and returns the first line of what it answers, until it closes.
func say(t *testing.T, port int, parts ...string) string {
	t.Helper()
	conn, err := net.Dial("tcp", program.Loopback(port))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, part := range parts {
		if _, err := io.WriteString(conn, part); err != nil {
			t.Fatal(err)
		}
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(answer), "\r\n")
	return line
}

// sleeperWaits has a sleeper whose only client is slow: another gets its answer when the first has ended, not before.
func sleeperWaits(t *testing.T, l *lab) {
	ports, err := program.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	p, err := l.start(machine.AnyCPU, []string{l.programs.Sleeper, "--port=" + strconv.Itoa(ports.First)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := waitServing(context.Background(), p, ports.First, "/1"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []crowd{
		{slowUploadsPart, "an upload", load.CrowdSpec{Clients: 1, Upload: 128 << 10, Rate: 1}},
		{slowReadersPart, "a reader", load.CrowdSpec{Clients: 1, Answer: 32 << 20, Rate: 1}},
	} {
		ctx, end := context.WithCancel(context.Background())
		slow := &load.Crowd{CrowdSpec: c.clients, Address: program.Loopback(ports.First)}
		slow.Start(ctx)
		if err := program.Await(time.Minute, "a slow client", func() bool { return slow.Begun() == 1 }); err != nil {
			t.Fatal(err)
		}
		others := load.Open{Address: slow.Address, Patience: 100 * time.Millisecond}
		if got := others.Run(ctx, time.Now(), make([]load.Arrival, 1)); got[0].Status != 0 {
			t.Errorf("%s: got %+v, want no answer: the worker is occupied", c.title, got[0])
		}
		end()
		slow.Wait()
		if err := waitServing(context.Background(), p, ports.First, "/1"); err != nil {
			t.Errorf("%s: got %v, want the worker back when its client has gone", c.title, err)
		}
	}
}
