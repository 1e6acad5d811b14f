package door

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"percore/entrypoint/config"
	"percore/entrypoint/config/value"
	"percore/entrypoint/link"
	"percore/entrypoint/output"
	"percore/entrypoint/plan"
	"percore/lbproxy"
	"percore/lbproxy/balance"
	"percore/lbproxy/socket"
	"percore/reaper/fleet"
)

// patienceOfTests is how long anything that should happen at once may take on a busy machine.
const patienceOfTests = 20 * time.Second

// event is something that the front door made known.
type event struct {
	what        string
	index       int
	incarnation uint64
}

// far is a door with the far end of its link in the test's hand.
type far struct {
	t      *testing.T
	door   *Door
	pipe   *os.File
	events chan event
}

// begin starts an incarnation as the fleet does: files before the fork, started after it.
func begin(t *testing.T, d *Door, incarnation uint64) *far {
	t.Helper()
	f := &far{t: t, door: d, events: make(chan event, 100)}
	d.Attach(Events{
		Drained:   func(i int, n uint64) { f.events <- event{"drained", i, n} },
		Exhausted: func(i int, n uint64) { f.events <- event{"exhausted", i, n} },
		Hung:      func(n uint64) { f.events <- event{"hung", 0, n} },
	})
	extra, started, err := d.Inherits()(incarnation)
	if err != nil {
		t.Fatal(err)
	}
	f.pipe = copyOf(t, extra[0]) // the fork's
	started(nil)
	return f
}

// copyOf is another descriptor of the same end, as a child would have it.
func copyOf(t *testing.T, file *os.File) *os.File {
	t.Helper()
	fd, err := dupOf(file)
	if err != nil {
		t.Fatal(err)
	}
	pipe := os.NewFile(uintptr(fd), "link")
	t.Cleanup(func() { pipe.Close() })
	return pipe
}

// dupOf makes another descriptor of a file, non-blocking as it is.
func dupOf(file *os.File) (fd int, err error) {
	raw, err := file.SyscallConn()
	if err != nil {
		return -1, err
	}
	if control := raw.Control(func(n uintptr) { fd, err = syscall.Dup(int(n)) }); control != nil {
		return -1, control
	}
	return fd, err
}

// bare is a door without listeners, as patient as the real one.
func bare() *Door {
	return &Door{log: slog.New(slog.DiscardHandler), patience: frontPatience(), wanted: link.Wanted{Version: link.Version}, settle: time.Second}
}

// hear reads until the newest snapshot is one that holds.
func (f *far) hear(what string, holds func(link.Wanted) bool) link.Wanted {
	f.t.Helper()
	_ = f.pipe.SetReadDeadline(time.Now().Add(patienceOfTests))
	for {
		var w link.Wanted
		if err := link.Read(f.pipe, &w); err != nil {
			f.t.Fatalf("waiting to hear %s: %v", what, err)
		}
		if holds(w) {
			return w
		}
	}
}

// report says something.
func (f *far) report(r lbproxy.Report) {
	f.t.Helper()
	if err := link.Write(f.pipe, link.Reported{Version: link.Version, Report: r}); err != nil {
		f.t.Fatal(err)
	}
}

// want waits for events.
func (f *far) want(list ...event) {
	f.t.Helper()
	for _, want := range list {
		select {
		case got := <-f.events:
			if got != want {
				f.t.Errorf("got %+v, want %+v", got, want)
			}
		case <-time.After(patienceOfTests):
			f.t.Fatalf("waited for %+v", want)
		}
	}
}

func TestWhereThereIsNoFrontDoorNothingIsInherited(t *testing.T) {
	cfg, _, err := config.Load([]string{"PERCORE_COMMAND=true", "PERCORE_MODE=none"}, os.Getuid())
	if err != nil {
		t.Fatal(err)
	}
	if d := New(cfg, &plan.Plan{}, nil, slog.New(slog.DiscardHandler), output.StyleJSON); d != nil || d.Inherits() != nil {
		t.Errorf("got %+v, want none", d)
	}
}

func TestTheEndWaitsForHandshakesATenthOfItsTime(t *testing.T) {
	for text, want := range map[string]time.Duration{"9": 900 * time.Millisecond, "5": 500 * time.Millisecond, "60": time.Second} {
		cfg, _, err := config.Load([]string{"PERCORE_COMMAND=true", "PERCORE_STOP_TIMEOUT=" + text, "PERCORE_LOGLEVEL=warn"}, os.Getuid())
		if err != nil {
			t.Fatal(err)
		}
		d := New(cfg, &plan.Plan{Loops: 3}, nil, slog.New(slog.DiscardHandler), output.StyleText)
		if d.settle != want || d.wanted.Options.Loops != 3 || d.wanted.LogLevel != "WARN" || d.wanted.LogStyle != "text" {
			t.Errorf("PERCORE_STOP_TIMEOUT=%s: got %v and %+v, want %v", text, d.settle, d.wanted, want)
		}
	}
}

func TestWhatAnIncarnationInherits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	listeners, err := Listen(value.Address{Path: path}, 1)
	if err != nil {
		t.Fatal(err)
	}
	d := bare()
	d.listeners = append(listeners, listeners[0])
	for incarnation := range uint64(2) { // each gets the same sockets behind a link of its own
		extra, started, err := d.files(incarnation)
		if err != nil {
			t.Fatal(err)
		}
		if len(extra) != 4 || extra[1] != listeners[0].File || extra[2] != listeners[0].File || extra[3] != os.Stderr {
			t.Errorf("got %v, want the link, two listeners and stderr", extra)
		}
		want := []link.Listener{{FD: 4, Address: listeners[0].Address, Loop: listeners[0].Loop}, {FD: 5, Address: listeners[0].Address, Loop: listeners[0].Loop}}
		if !slices.Equal(d.wanted.Listeners, want) || d.wanted.LogFD != 6 {
			t.Errorf("told: got %+v and the log at %d, want %+v and 6", d.wanted.Listeners, d.wanted.LogFD, want)
		}
		started(errors.New("no fork"))
		if _, err := extra[0].Write([]byte("x")); !errors.Is(err, os.ErrClosed) {
			t.Errorf("after a start that failed: got %v, want the link closed", err)
		}
	}
	if d.sender != nil {
		t.Error("a start that failed has a conversation")
	}
	socket.CloseListeners(listeners)
}

func TestTheFrontDoorHearsOfEveryChangeAndOnlyOfTheNewest(t *testing.T) {
	d := bare()
	d.Publish([]fleet.Endpoint{{Index: 0, State: fleet.Down}}) // before there is one
	f := begin(t, d, 1)
	due := time.Now().Round(0)
	d.Publish([]fleet.Endpoint{
		{Index: 0, Name: "webs:web-8000", Address: "127.0.0.1:8000", Incarnation: 4, PID: 77, State: fleet.Up, RequestsMax: 9, Killed: 3, Proven: true},
		{Index: 1, State: fleet.Draining},
		{Index: 2, State: fleet.Down, Trouble: "listens elsewhere", Coming: true, Due: due},
	})
	d.Reconfigure(lbproxy.Options{ClientMaxHeaderFields: 7})
	w := f.hear("of all", func(w link.Wanted) bool { return w.Snapshot.Seq == 3 })
	got := w.Snapshot.Endpoints
	if len(got) != 3 || got[1].State != balance.Draining || got[2].State != balance.Down ||
		got[2].Trouble != "listens elsewhere" || !got[2].Coming || !got[2].Due.Equal(due) {
		t.Fatalf("got %+v", got)
	}
	want := balance.Endpoint{
		Index: 0, Name: "webs:web-8000", Address: "127.0.0.1:8000", Incarnation: 4, PID: 77, State: balance.Up,
		RequestsMax: 9, Killed: 3, Proven: true,
	}
	if got[0] != want || w.Options.ClientMaxHeaderFields != 7 {
		t.Errorf("got %+v and %d fields, want %+v and 7", got[0], w.Options.ClientMaxHeaderFields, want)
	}
}

// TestTheFrontDoorKnowsAStateByTheFleetsWord holds the words of both together: neither imports the other.
func TestTheFrontDoorKnowsAStateByTheFleetsWord(t *testing.T) {
	for _, state := range []fleet.EndpointState{fleet.Down, fleet.Up, fleet.Draining} {
		if got := endpointState(state).String(); got != state.String() {
			t.Errorf("got %q, want %q", got, state)
		}
	}
}

func TestASuccessorHearsAllThatHolds(t *testing.T) {
	d := bare()
	first := begin(t, d, 1)
	d.Publish([]fleet.Endpoint{{Index: 0, State: fleet.Up}})
	first.hear("of it", func(w link.Wanted) bool { return len(w.Snapshot.Endpoints) == 1 })
	first.pipe.Close()
	second := begin(t, d, 2)
	if w := second.hear("of it, too", func(link.Wanted) bool { return true }); len(w.Snapshot.Endpoints) != 1 {
		t.Errorf("got %+v first, want what holds", w.Snapshot)
	}
}

// A report about an older snapshot may call a worker drained that has had traffic again since.
func TestOnlyTheNewestReportDrains(t *testing.T) {
	d := bare()
	f := begin(t, d, 1)
	d.Publish([]fleet.Endpoint{{Index: 0, State: fleet.Draining}})
	d.Publish([]fleet.Endpoint{{Index: 0, State: fleet.Up}})
	id := []lbproxy.EndpointID{{Index: 0, Incarnation: 4}}
	f.report(lbproxy.Report{Seq: 1, Drained: id, Exhausted: []lbproxy.EndpointID{{Index: 5, Incarnation: 6}}})
	f.want(event{"exhausted", 5, 6}) // which holds whatever has happened since
	d.Publish([]fleet.Endpoint{{Index: 0, State: fleet.Draining}})
	f.report(lbproxy.Report{Seq: 3, Drained: id})
	f.want(event{"drained", 0, 4})
	if len(f.events) > 0 {
		t.Errorf("got %+v besides", <-f.events)
	}
}

func TestTheListenersAreLetGoWhenNothingIsOnItsWayIn(t *testing.T) {
	listeners, err := Listen(value.Address{Path: filepath.Join(t.TempDir(), "s")}, 1)
	if err != nil {
		t.Fatal(err)
	}
	d := bare()
	d.listeners = listeners
	f := begin(t, d, 1)
	isOpen := func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		return d.listeners != nil
	}
	f.report(lbproxy.Report{Seq: 0, Settled: true}) // there is no end yet
	d.Publish(nil)
	d.Quiesce()
	w := f.hear("of the end", func(w link.Wanted) bool { return w.Snapshot.Drain })
	if w.Snapshot.Settle != time.Second || w.Snapshot.Sole {
		t.Errorf("got %+v, want a second for handshakes, and our copies still there", w.Snapshot)
	}
	f.report(lbproxy.Report{Seq: 1, Settled: true}) // about a snapshot before it
	f.report(lbproxy.Report{Seq: 2})                // not settled
	f.report(lbproxy.Report{Seq: 2, Exhausted: []lbproxy.EndpointID{{Index: 1}}})
	f.want(event{what: "exhausted", index: 1}) // all of these have been read
	if !isOpen() {
		t.Fatal("the listeners are closed before the front door has settled")
	}
	f.report(lbproxy.Report{Seq: 2, Settled: true})
	w = f.hear("that it is alone with them", func(w link.Wanted) bool { return w.Snapshot.Sole })
	if isOpen() || !w.Snapshot.Drain {
		t.Errorf("got %+v and our copies open: %t", w.Snapshot, isOpen())
	}
	seq := w.Snapshot.Seq
	f.report(lbproxy.Report{Seq: seq, Settled: true, Exhausted: []lbproxy.EndpointID{{Index: 2}}})
	f.want(event{what: "exhausted", index: 2})
	if d.ask() != seq+1 {
		t.Error("it was told a second time")
	}
}

func TestAnotherBuildIsNotListenedTo(t *testing.T) {
	for name, say := range map[string]func(*os.File) error{
		"another version": func(pipe *os.File) error { return link.Write(pipe, link.Reported{Version: link.Version + 1}) },
		"no message":      func(pipe *os.File) error { _, err := pipe.Write([]byte("\xff\xff\xff\xff")); return err },
	} {
		d := bare()
		f := begin(t, d, 1)
		if err := say(f.pipe); err != nil {
			t.Fatal(err)
		}
		_ = f.pipe.SetReadDeadline(time.Now().Add(patienceOfTests))
		for {
			var w link.Wanted
			if err := link.Read(f.pipe, &w); err != nil {
				if errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("%s: the link is open after %v", name, patienceOfTests)
				}
				break
			}
		}
	}
}

func TestFiguresAreThoseOfTheQuestion(t *testing.T) {
	d := bare()
	f := begin(t, d, 1)
	results := make(chan *lbproxy.Figures, 2)
	for range 2 {
		go func() { results <- d.Figures(t.Context()) }()
	}
	w := f.hear("both questions", func(w link.Wanted) bool { return w.Snapshot.Ask == 2 })
	f.report(lbproxy.Report{Seq: w.Snapshot.Seq})                                                  // without figures
	f.report(lbproxy.Report{Seq: w.Snapshot.Seq, Asked: 1, Figures: &lbproxy.Figures{Waiting: 1}}) // the first's
	f.report(lbproxy.Report{Seq: w.Snapshot.Seq, Asked: 2, Figures: &lbproxy.Figures{Waiting: 2}}) // the second's
	f.report(lbproxy.Report{Seq: w.Snapshot.Seq, Asked: 2, Figures: &lbproxy.Figures{Waiting: 3}}) // the question was given up
	sum := 0
	for range 2 {
		select {
		case got := <-results:
			if got == nil {
				t.Fatal("got no figures")
			}
			sum += got.Waiting
		case <-time.After(patienceOfTests):
			t.Fatal("waited for figures")
		}
	}
	if sum != 3 {
		t.Errorf("got figures that add up to %d, want each question its own", sum)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.questions) > 0 {
		t.Errorf("got %d questions left, want none", len(d.questions))
	}
}

func TestAFrontDoorThatGivesNoFiguresIsNotWaitedFor(t *testing.T) {
	d := bare()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := d.Figures(ctx); got != nil || len(d.questions) != 0 {
		t.Errorf("for a client that has left: got %+v and %d questions left", got, len(d.questions))
	}
	began := time.Now()
	if got := d.Figures(t.Context()); got != nil || time.Since(began) < askTimeout || len(d.questions) != 0 {
		t.Errorf("got %+v after %v and %d questions left, want nothing after %v", got, time.Since(began), len(d.questions), askTimeout)
	}
}
