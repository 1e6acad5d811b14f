package accesslog

import (
	"bytes"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
)

// book is where a log writes, and may be read meanwhile.
type book struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (b *book) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *book) lines() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Collect(strings.Lines(b.b.String()))
}

// running starts a log that writes to out; end stops it and waits until all is written.
func running(out io.Writer, notes *slog.Logger) (log *Log, end func()) {
	log = NewLog(out, notes)
	stop, done := make(chan struct{}), make(chan struct{})
	go func() { log.Run(stop); close(done) }()
	return log, func() { close(stop); <-done }
}

func TestAWriterIsOffAtFirst(t *testing.T) {
	w := NewWriter(NewLog(nil, nil))
	r := bare()
	w.Write(&r)
	w.Flush()
	if w.IsOn() || len(w.b) != 0 || len(w.log.waiting) != 0 {
		t.Errorf("got on %v, and %d bytes", w.IsOn(), len(w.b)+len(w.log.waiting))
	}
	for form, on := range map[Form]bool{Combined: true, JSON: true, Off: false, "": false, "xml": false} {
		if w.Configure(form, 1, nil); w.IsOn() != on {
			t.Errorf("form %q: got on %v, want %v", form, w.IsOn(), on)
		}
	}
}

func TestWhichRecordsLeaveALine(t *testing.T) {
	fine, missing, cut := Record{Status: 200}, Record{Status: 404}, Record{Status: 200, Reason: "client_left"}
	tests := []struct {
		name    string
		share   float64
		records []Record
		want    []bool
	}{
		{"all", 1, []Record{fine, fine, missing}, []bool{true, true, true}},
		{"none but trouble", 0, []Record{fine, missing, cut, fine}, []bool{false, true, true, false}},
		{"a half", 0.5, []Record{fine, fine, fine, fine}, []bool{false, true, false, true}},
		{"trouble is not counted", 0.5, []Record{fine, missing, fine, cut, fine, fine}, []bool{false, true, true, true, false, true}},
		{"a third", 1. / 3, []Record{fine, fine, fine, fine, fine, fine}, []bool{false, false, true, false, false, true}},
	}
	for _, test := range tests {
		w := newTestWriter(Combined)
		w.Configure(Combined, test.share, nil)
		for i := range test.records {
			before := w.lines
			w.Write(&test.records[i])
			if got := w.lines > before; got != test.want[i] {
				t.Errorf("%s, record %d: got a line %v, want %v", test.name, i, got, test.want[i])
			}
		}
	}
}

func TestWhichPathsAreExcluded(t *testing.T) {
	w := newTestWriter(JSON)
	w.Configure(JSON, 1, []string{"/healthz", "/static/", "/"})
	for target, want := range map[string]bool{
		"/healthz": true, "/healthz?x=1": true, "/healthz/": true, "/health": true,
		"/static/a": true, "/": true, "?x": true, "": true,
	} {
		if got := w.excludes([]byte(target)); got != want {
			t.Errorf("with everything excluded, %q: got %v, want %v", target, got, want)
		}
	}
	w.Configure(JSON, 1, []string{"/healthz", "/static/"})
	for target, want := range map[string]bool{
		"/healthz": true, "/healthz?x=1": true, "/healthz/": false, "/health": false,
		"/static/a": true, "/static/a?/b": true, "/static/": true, "/static": false,
		"/": false, "": false, "*": false,
	} {
		if got := w.excludes([]byte(target)); got != want {
			t.Errorf("%q: got %v, want %v", target, got, want)
		}
	}
	for request, want := range map[string]bool{"/static/x": false, "/y": true} {
		r := Record{Head: headOf(t, w, "GET "+request+" HTTP/1.1\r\nHost: x\r\n\r\n"), Status: 200}
		before := w.lines
		w.Write(&r)
		if got := w.lines > before; got != want {
			t.Errorf("%s: got a line %v, want %v", request, got, want)
		}
		r.Status = 500
		before = w.lines
		if w.Write(&r); w.lines == before {
			t.Errorf("%s, in trouble: got no line", request)
		}
	}
}

func TestLinesOfOneTurnAreHandedOverTogether(t *testing.T) {
	w := newTestWriter(Combined)
	r := bare()
	for range 3 {
		w.Write(&r)
	}
	if len(w.log.waiting) != 0 || w.lines != 3 {
		t.Errorf("in the turn: got %d bytes handed over and %d lines kept, want 0 and 3", len(w.log.waiting), w.lines)
	}
	w.Flush()
	if bytes.Count(w.log.waiting, []byte("\n")) != 3 || w.lines != 0 {
		t.Errorf("after it: got %q handed over and %d lines kept", w.log.waiting, w.lines)
	}
	for w.log.waiting = nil; len(w.log.waiting) == 0; { // a turn with very many
		w.Write(&r)
		if len(w.b) > turnBytes {
			t.Fatalf("got %d bytes kept, want %d at most", len(w.b), turnBytes)
		}
	}
}

func TestALogWritesWhatSeveralLoopsSay(t *testing.T) {
	var out book
	log, end := running(&out, slog.New(slog.DiscardHandler))
	var loops sync.WaitGroup
	for range 4 {
		loops.Go(func() {
			w := NewWriter(log)
			w.Configure(Combined, 1, nil)
			for n := range 500 {
				r := bare()
				w.Write(&r)
				if n%7 == 0 {
					w.Flush()
				}
			}
			w.Flush()
		})
	}
	loops.Wait()
	end()
	lines := out.lines()
	if len(lines) != 2000 {
		t.Errorf("lines: got %d, want all 2000, those that waited at the end, too", len(lines))
	}
	for _, line := range lines {
		if !strings.HasPrefix(line, "127.0.0.1 - - [") || !strings.HasSuffix(line, "\"-\" \"-\"\n") {
			t.Fatalf("got a torn line: %q", line)
		}
	}
}

func TestItIsSaidHowManyLinesWereDropped(t *testing.T) {
	var notes book
	log := NewLog(io.Discard, slog.New(slog.NewTextHandler(&notes, nil)))
	log.add(make([]byte, bytesMax), 1)
	log.add([]byte("one more\n"), 1)
	log.add([]byte("two\nmore\n"), 2)
	log.write()
	log.write()
	if got := notes.lines(); len(got) != 1 || !strings.Contains(got[0], `msg="access log lines dropped" count=3`) {
		t.Errorf("notes: got %q, want one that tells of three", got)
	}
	log.add([]byte("again\n"), 1)
	if string(log.waiting) != "again\n" {
		t.Errorf("after that: got %q, want the next line", log.waiting)
	}
}

// broken is a place to write to that takes nothing.
type broken struct{ tries int }

func (b *broken) Write([]byte) (int, error) { b.tries++; return 0, io.ErrClosedPipe }

func TestABrokenLogIsTriedAgain(t *testing.T) {
	out := &broken{}
	log, end := running(out, slog.New(slog.DiscardHandler))
	log.add([]byte("a\n"), 1)
	end()
	log, end = running(out, slog.New(slog.DiscardHandler))
	log.add([]byte("b\n"), 1)
	end()
	if out.tries != 2 {
		t.Errorf("got %d tries to write, want one for each line", out.tries)
	}
}

func TestNothingOfALineAllocates(t *testing.T) {
	for _, form := range []Form{Combined, JSON} {
		w := newTestWriter(form)
		w.log.waiting, w.log.spare = make([]byte, 0, bytesMax), nil
		r := whole(t, w)
		w.Write(&r)
		if n := testing.AllocsPerRun(100, func() {
			w.Write(&r)
			w.Flush()
			w.log.waiting = w.log.waiting[:0]
		}); n != 0 {
			t.Errorf("%s: got %v allocations for a line, want none", form, n)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	for _, form := range []Form{Combined, JSON} {
		b.Run(string(form), func(b *testing.B) {
			w := newTestWriter(form)
			r := whole(b, w)
			b.ReportAllocs()
			for b.Loop() {
				w.Write(&r)
				w.b, w.lines = w.b[:0], 0
			}
		})
	}
}
