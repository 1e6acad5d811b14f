package handler

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"percore/entrypoint/control"
	"percore/reaper/fleet"
	"percore/reaper/lifecycle"
)

// writing are two workers, the first of which has written something.
func writing(stdout, stderr string) *fakeFleet {
	return &fakeFleet{
		workers: []fleet.WorkerStatus{worker("webs:web-8000", lifecycle.StateRunning), worker("webs:b", lifecycle.StateRunning)},
		streams: map[string]*fakeStream{
			"webs:web-8000 stdout": {text: stdout}, "webs:web-8000 stderr": {text: stderr}, "webs:b stdout": {},
			"webs:b stderr": {},
		},
	}
}

func TestTheEndOfWhatAWorkerHasWritten(t *testing.T) {
	long := strings.Repeat("x", tailBytesMax) + "yz"
	for name, c := range map[string]struct {
		stdout, stderr string
		request        control.Request
		want           []string
		code           int
	}{
		"less than was asked for": {stdout: "hello\n", request: control.Request{Bytes: 1600}, want: []string{"hello\n"}},
		"more":                    {stdout: "hello\n", request: control.Request{Bytes: 3}, want: []string{"lo\n"}},
		"none of it":              {stdout: "hello\n", request: control.Request{Bytes: 0}},
		"the other stream": {
			stdout: "hello\n", stderr: "oh\n", request: control.Request{Bytes: 9, Stream: "stderr"},
			want: []string{"oh\n"},
		},
		"in pieces that a frame fits": {stdout: long, request: control.Request{Bytes: 1 << 20}, want: []string{long[:tailBytesMax], "yz"}},
		"a stream that there is not": {
			request: control.Request{Bytes: 9, Stream: "stdin"},
			want:    []string{"webs:web-8000 ! no such process name"}, code: 1,
		},
		"a name that nothing has": {
			request: control.Request{Bytes: 9, Names: []string{"nope"}},
			want:    []string{"nope:nope ! no such process name"}, code: 1,
		},
		"a whole group": {
			request: control.Request{Bytes: 9, Names: []string{"webs:*"}},
			want:    []string{"webs ! no such process name"}, code: 1,
		},
		"nothing was written to it; the other has something": {
			stderr: "oh\n", request: control.Request{Bytes: 9, Comment: true},
			want: []string{"webs:web-8000 has written nothing to stdout; there is something on stderr: percore tail webs:web-8000 stderr"},
		},
		"nothing was written to either": {
			request: control.Request{Bytes: 9, Comment: true},
			want:    []string{"webs:web-8000 has written nothing to either stream; percore status -v shows how it is"},
		},
		"what is there needs no such line": {
			stdout: "hello\n", request: control.Request{Bytes: 9, Comment: true}, want: []string{"hello\n"},
		},
		"supervisorctl hears none of that": {stderr: "oh\n", request: control.Request{Bytes: 9}},
	} {
		t.Run(name, func(t *testing.T) {
			c.request.Verb = control.VerbTail
			if c.request.Names == nil {
				c.request.Names = []string{"web-8000"}
			}
			if c.request.Stream == "" {
				c.request.Stream = "stdout"
			}
			a := asked(t, writing(c.stdout, c.stderr), c.request)
			if got := a.words(); !slices.Equal(got, c.want) || a.code != c.code || a.err != nil {
				t.Errorf("got %.80q, code %d and %v, want %.80q and %d", got, a.code, a.err, c.want, c.code)
			}
		})
	}
}

func TestATailOfAStreamThatGoesToAFileSaysWhere(t *testing.T) {
	f := writing("", "")
	f.logs = map[string]string{"webs:web-8000 stdout": "/var/log/web.log"}
	got := asked(t, f, control.Request{Verb: control.VerbTail, Names: []string{"web-8000"}, Stream: "stdout", Bytes: 9, Comment: true}).words()
	if want := []string{"webs:web-8000 has written nothing to stdout, which goes to /var/log/web.log"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestATailTakesOneName(t *testing.T) {
	for _, names := range [][]string{nil, {"web-8000", "b"}} {
		if a := asked(t, writing("x", ""), control.Request{Verb: control.VerbTail, Names: names, Stream: "stdout", Bytes: 9}); a.code != control.CodeInvalid ||
			a.err == nil {
			t.Errorf("%q: got code %d and %v, want 2 and a complaint", names, a.code, a.err)
		}
	}
}

// live is a fleet of one worker that writes while somebody reads.
type live struct {
	mu     sync.Mutex // guards the stream: the test writes, the handler reads
	stream fakeStream
	fake   *fakeFleet
}

func newLive() *live {
	l := &live{stream: fakeStream{wake: make(chan struct{})}, fake: writing("", "")}
	l.fake.streams["webs:web-8000 stdout"] = &l.stream
	return l
}

// inTerms guards the stream.
func (l *live) inTerms() Fleet {
	terms := l.fake.inTerms()
	terms.Tail = func(process, stream string, from int64, bytesMax int) ([]byte, int64, <-chan struct{}, bool) {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.fake.tail(process, stream, from, bytesMax)
	}
	return terms
}

// write appends, and wakes who waits; gone is the process's removal.
func (l *live) write(text string, gone bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stream.text += text
	l.stream.gone = gone
	close(l.stream.wake)
	l.stream.wake = make(chan struct{})
}

func TestFollowingAWorker(t *testing.T) {
	for name, c := range map[string]struct {
		verb  control.Verb
		bytes int // of the past; 0 is all
		want  string
		leave bool // the client does, instead of the process
	}{
		"until it is scaled away":           {verb: control.VerbTail, want: "past one\ntwo\nend"},
		"until the client leaves":           {verb: control.VerbTail, want: "past one\ntwo\nend", leave: true},
		"from a part of the past on":        {verb: control.VerbTail, bytes: 3, want: "st one\ntwo\nend"},
		"with its name before each line":    {verb: control.VerbLogs, want: "web-8000 | past one\nweb-8000 | two\nweb-8000 | end\n"},
		"until the client leaves, by lines": {verb: control.VerbLogs, want: "web-8000 | past one\nweb-8000 | two\n", leave: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLive()
				l.write("past ", false)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var got strings.Builder
				ended := make(chan int)
				go func() {
					r := control.Request{Verb: c.verb, Names: []string{"web-8000"}, Stream: "stdout", Bytes: cmp.Or(c.bytes, 100), Follow: true}
					code, _ := (&Handler{Fleet: l.inTerms()}).Answer(ctx, r, func(f control.Frame) error { got.Write(f.Data); return nil })
					ended <- code
				}()
				for _, text := range []string{"one\n", "two\n"} {
					synctest.Wait()
					l.write(text, false)
				}
				synctest.Wait()
				l.write("end", !c.leave)
				synctest.Wait()
				if c.leave || c.verb == control.VerbLogs {
					cancel() // logs goes on for others that may come
				}
				if code := <-ended; code != 0 || got.String() != c.want {
					t.Errorf("got code %d and %q, want 0 and %q", code, got.String(), c.want)
				}
			})
		})
	}
}

func TestFollowingEndsWithAClientThatDoesNotTakeIt(t *testing.T) {
	for _, verb := range []control.Verb{control.VerbTail, control.VerbLogs} {
		h := &Handler{Fleet: writing("some\n", "").inTerms()}
		code, err := h.Answer(t.Context(), control.Request{Verb: verb, Names: []string{"web-8000"}, Stream: "stdout", Bytes: 100, Follow: true}, func(control.Frame) error {
			return errors.New("broken pipe")
		})
		if code != control.CodeGeneric || err != nil {
			t.Errorf("%s: got code %d and %v, want 1 and no words for a client that is gone", verb, code, err)
		}
	}
}

func TestLogsOfSeveral(t *testing.T) {
	f := writing("one\ntwo\n", "oh")
	f.workers = append(f.workers, own("percore:front", lifecycle.StateRunning))
	f.streams["webs:b stdout"].text = "three\n"
	f.streams["percore:front stdout"] = &fakeStream{text: "ours\n"}
	for name, c := range map[string]struct {
		names []string
		bytes int
		want  string
		code  int
	}{
		"of all, in columns": {bytes: 100, want: "b        | three\nweb-8000 | one\nweb-8000 | two\nweb-8000 | oh\n"},
		"of all by that word": {
			names: []string{"all"}, bytes: 100,
			want: "b        | three\nweb-8000 | one\nweb-8000 | two\nweb-8000 | oh\n",
		},
		"of one":                  {names: []string{"b"}, bytes: 100, want: "b | three\n"},
		"percore's own, if named": {names: []string{"percore:front"}, bytes: 100, want: "front | ours\n"},
		"whole lines alone":       {names: []string{"web-8000"}, bytes: 6, want: "web-8000 | two\nweb-8000 | oh\n"},
		"an unknown beside one":   {names: []string{"nope", "b"}, bytes: 100, want: "nope:nope ! no such process nameb | three\n", code: 1},
	} {
		a := asked(t, f, control.Request{Verb: control.VerbLogs, Names: c.names, Bytes: c.bytes})
		if got := strings.Join(a.words(), ""); got != c.want || a.code != c.code || a.err != nil {
			t.Errorf("%s: got %q, code %d and %v, want %q and %d", name, got, a.code, a.err, c.want, c.code)
		}
	}
}
