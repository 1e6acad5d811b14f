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

	"percore/bench/load"
	"percore/bench/subject"
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
	g, err := load.Start(
		context.Background(), l.programs.Load,
		load.Spec{Port: l.workerPort, Conns: 1, BodyBytes: 1024, CPU: l.cpus.Load, Run: 300 * time.Millisecond, Rate: 100},
	)
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
