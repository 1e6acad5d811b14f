package main

import (
	"context"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"
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
			if p.ended() == nil {
				t.Errorf("process %d still runs", p.pid())
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
	r, err := l.launch(context.Background(), relaySubject(), plain())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func measuresEveryRow(t *testing.T, l *lab) {
	s := openRelay(t, l)
	b := newBoard()
	for _, r := range allRows() {
		l.sample(context.Background(), b, r, s, 30*time.Millisecond)
		c := b.cell(r.name, s.name)
		if c.err != nil {
			t.Errorf("%s: got %v", r.name, c.err)
		}
		if want := !r.closeEach && r.variant == plain(); (len(c.samples) == 1) != want {
			t.Errorf("%s: got %d samples, want one: %v", r.name, len(c.samples), want)
		}
		for _, taken := range c.samples {
			if taken.total.requests < 1 || taken.microseconds() <= 0 {
				t.Errorf("%s: got %+v, want requests that cost something", r.name, taken)
			}
		}
	}
}

func refusesWrongAnswer(t *testing.T, l *lab) {
	spec := loadSpec{port: l.workerPort, conns: 1, bodyBytes: 2048, cpu: l.cpus.load, run: 10 * time.Millisecond}
	_, err := l.startLoad(context.Background(), spec)
	if err == nil || !strings.Contains(err.Error(), "wrong answer: status") {
		t.Errorf("got %v, want a complaint about the status: the worker knows no such size", err)
	}
}

func opensConnectionPerRequest(t *testing.T, l *lab) {
	spec := loadSpec{port: l.workerPort, conns: 4, bodyBytes: 1024, cpu: l.cpus.load, run: 20 * time.Millisecond, closeEach: true}
	g, err := l.startLoad(context.Background(), spec)
	if err != nil {
		t.Fatal(err)
	}
	total, err := g.run()
	if err != nil || total.requests < 4 {
		t.Errorf("got %+v, %v; want at least one request per slot", total, err)
	}
	if err := g.close(); err != nil {
		t.Error(err)
	}
}

func loadEndsWithContext(t *testing.T, l *lab) {
	ctx, cancel := context.WithCancel(context.Background())
	g, err := l.startLoad(ctx, loadSpec{port: l.workerPort, conns: 1, bodyBytes: 1024, cpu: l.cpus.load, run: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := g.run(); err == nil {
		t.Error("got no error after the context ended, want one")
	}
}

func countsSyscalls(t *testing.T, l *lab) {
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("strace is not installed: apt-get install strace")
	}
	s := openRelay(t, l)
	b := newBoard()
	l.trace(context.Background(), b, allRows()[0], s)
	got := b.cell(requiredRow, s.name).syscalls
	if got == 0 {
		t.Skip("tracing is not allowed here")
	}
	if got < 4 || got > 5.1 {
		t.Errorf("got %.2f system calls per request, want 4 and a share of one epoll_wait", got)
	}
}

func relaysToUnixSocket(t *testing.T, l *lab) {
	s, err := l.launch(context.Background(), relaySubject(), variant{loops: 1, unix: true})
	if err != nil {
		t.Fatal(err)
	}
	if body, err := get(context.Background(), s.port, "/1024"); err != nil || len(body) != 1024 {
		t.Errorf("got %d bytes, %v; want 1024", len(body), err)
	}
}

func pacesLoneRequests(t *testing.T, l *lab) {
	g, err := l.startLoad(context.Background(), loadSpec{port: l.workerPort, conns: 1, bodyBytes: 1024, cpu: l.cpus.load, run: 300 * time.Millisecond, rate: 100})
	if err != nil {
		t.Fatal(err)
	}
	total, err := g.run()
	if err != nil || total.requests != 30 {
		t.Errorf("got %+v, %v; want 30 requests: 100 per second for 300 ms", total, err)
	}
	if err := g.close(); err != nil {
		t.Error(err)
	}
}

// racesSleepers sends more than two sleepers can take through a relay to the first, and checks that all of it is accounted for.
func racesSleepers(t *testing.T, l *lab) {
	s := scenario{name: "test", workers: 2, load: 0.5, mean: 5 * time.Millisecond, constant: true}
	r, err := l.enter(context.Background(), contender{name: "relay", subject: relaySubject(), discipline: roundRobin}, s, "")
	if err != nil {
		t.Fatal(err)
	}
	run := &trial{contender: contender{name: "relay"}, scenario: s, runner: r}
	l.race(context.Background(), []*trial{run}, 300*time.Millisecond, 10*time.Second)
	good, failed := run.latencies()
	if len(good) == 0 || failed != 0 || len(good) != len(s.plan(300*time.Millisecond)) {
		t.Errorf("got %d answers and %d failures, want one answer for each of %d arrivals", len(good), failed, len(s.plan(300*time.Millisecond)))
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
	s.raw = false
	l.checkHeaders(context.Background(), s)
	if !strings.Contains(notes.String(), "UNFAIR relay: the worker did not see X-Real-IP: 127.0.0.1") {
		t.Errorf("got %q, want a note about the missing headers", notes.String())
	}
}

func reportsWhyProxyEnded(t *testing.T, l *lab) {
	broken := relaySubject()
	broken.launch = func(context.Context, *lab, setup) (launch, error) { return launch{argv: []string{l.tools.relay}}, nil }
	_, err := l.launch(context.Background(), broken, plain())
	if err == nil || !strings.Contains(err.Error(), "exit status 2: usage: relay") {
		t.Errorf("got %v, want its exit status and its last words", err)
	}
}

func skipsMissingProxy(t *testing.T, l *lab) {
	var notes strings.Builder
	l.notes = &notes
	field, err := l.assemble(context.Background(), options{subjects: []string{"percore", "relay"}, percore: "/no/such/percore"})
	if err != nil || len(field) != 1 || field[0].name != "relay" {
		t.Errorf("got %d subjects, %v; want the relay alone", len(field), err)
	}
	if !strings.Contains(notes.String(), "SKIPPED percore") {
		t.Errorf("got %q, want a note about percore", notes.String())
	}
	if _, err := l.assemble(context.Background(), options{subjects: []string{"percore"}, percore: "/no/such/percore"}); err == nil {
		t.Error("got no error with nothing to measure, want one")
	}
}

func TestTailKeepsTheLastBytes(t *testing.T) {
	end := &tail{max: 6}
	for _, text := range []string{"first ", "and ", "last"} {
		if n, err := end.Write([]byte(text)); n != len(text) || err != nil {
			t.Errorf("got %d, %v; want %d, no error", n, err, len(text))
		}
	}
	if got := end.text(); got != "d last" {
		t.Errorf("got %q, want %q", got, "d last")
	}
}
