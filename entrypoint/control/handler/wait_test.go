package handler

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"percore/entrypoint/control"
	"percore/reaper/fleet"
	"percore/reaper/lifecycle"
)

func TestWhatAnOrderWaitsForInWords(t *testing.T) {
	now := time.Now()
	figures := &Figures{Workers: map[int]WorkerFigures{2: {InFlight: 3}, 3: {InFlight: 1}}}
	in := func(d time.Duration) time.Time { return now.Add(d) }
	for want, s := range map[string]fleet.WorkerStatus{
		"": {Name: "web-8000"},
		"3 requests of web-8002, at most 24 s": {
			Name: "web-8002", Endpoint: 2, Waiting: fleet.ForRequests,
			WaitingUntil: in(24*time.Second + time.Millisecond),
		},
		"1 request of web-8003, at most 1 s": {
			Name: "web-8003", Endpoint: 3, Waiting: fleet.ForRequests, WaitingUntil: in(10 * time.Millisecond),
		},
		"the last requests of web-8004":      {Name: "web-8004", Endpoint: 4, Waiting: fleet.ForRequests},
		"web-8005 to end, at most 10 s":      {Name: "web-8005", Waiting: fleet.ForEnd, WaitingUntil: in(10 * time.Second)},
		"web-8006 to be ready, at most 60 s": {Name: "web-8006", Waiting: fleet.ForReady, WaitingUntil: in(time.Minute)},
		"web-8007 to be ready":               {Name: "web-8007", Waiting: fleet.ForReady, WaitingUntil: in(-time.Minute)},
	} {
		if got := waitsFor(s, figures, now); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestTailWithNothingSaysWhereThereIsSomething(t *testing.T) {
	d := idleHandler()
	for _, stream := range []string{"stdout", "stderr"} {
		const want = "nothing to either stream"
		r := control.Request{Verb: control.VerbTail, Names: []string{"webs:web-8000"}, Stream: stream, Bytes: 1600, Comment: true}
		frames, code, err := ask(t, d, r)
		if code != 0 || err != nil || len(frames) != 1 || !strings.Contains(frames[0].Text, want) {
			t.Errorf("%s: got %+v, code %d and %v, want one line with %q", stream, frames, code, err, want)
		}
		r.Comment = false
		if frames, _, _ := ask(t, d, r); len(frames) > 0 {
			t.Errorf("%s, as supervisorctl: got %+v, want nothing", stream, frames)
		}
	}
}

func TestLinesOfLogsStandBehindAName(t *testing.T) {
	s := &source{prefix: "web | "}
	var got strings.Builder
	for _, piece := range []string{"one\ntw", "o\n", "\nthr", "ee"} {
		got.Write(s.lines([]byte(piece), false))
	}
	got.Write(s.lines(nil, true))
	if want := "web | one\nweb | two\nweb | \nweb | three\n"; got.String() != want {
		t.Errorf("got %q, want %q", &got, want)
	}
	for text, want := range map[string]string{"half\nwhole\n": "whole\n", "short": "short", "no end of line": "no end of line"} {
		asked := len(text)
		if text == "short" {
			asked = 100
		}
		if got := string(wholeLines([]byte(text), asked)); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestLogsOfNobody(t *testing.T) {
	frames, code, err := ask(t, idleHandler(), control.Request{Verb: control.VerbLogs, Names: []string{"nope"}, Bytes: 100})
	if code != control.CodeGeneric || err != nil || len(frames) != 1 || frames[0].Outcome == nil || frames[0].Outcome.Fault != control.NoSuchName {
		t.Errorf("got %+v, code %d and %v, want a fault", frames, code, err)
	}
	if frames, code, _ := ask(t, idleHandler(), control.Request{Verb: control.VerbLogs, Bytes: 100}); code != 0 || len(frames) != 0 {
		t.Errorf("of all, who are silent: got %+v and code %d, want nothing", frames, code)
	}
}

func TestWorkersThatAreStuckAreNamed(t *testing.T) {
	list := []fleet.WorkerStatus{{Process: "webs:web-8000"}, {Process: "webs:web-8001", Endpoint: 1}, {Process: "mails:mail", Endpoint: -1}}
	figures := &Figures{Workers: map[int]WorkerFigures{
		0: {Oldest: time.Hour}, 1: {Oldest: time.Hour, Stuck: 34*time.Second + 500*time.Millisecond}, -1: {Stuck: time.Second},
	}}
	if got, want := stuckWorkers(list, figures), "webs:web-8001 has not answered a request for 35s"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := stuckWorkers(list, nil); got != "" {
		t.Errorf("without figures: got %q, want nothing", got)
	}
}

// slow is a fleet whose orders take until the test lets them go.
func slow(workers ...fleet.WorkerStatus) (*fakeFleet, chan struct{}) {
	done := make(chan struct{})
	f := &fakeFleet{workers: workers}
	f.outcomes = func(o fleet.Order) ([]fleet.Outcome, error) {
		<-done
		return []fleet.Outcome{{Process: o.Processes[0], Done: "stopped"}}, nil
	}
	return f, done
}

func TestAnOrderThatTakesItsTimeSaysWhatItWaitsFor(t *testing.T) {
	for name, c := range map[string]struct {
		comment bool
		waiting fleet.Waiting
		after   time.Duration
		want    []string
	}{
		"not in the first second": {
			comment: true, waiting: fleet.ForEnd, after: 900 * time.Millisecond,
			want: []string{"webs:web-8000 stopped"},
		},
		"after it": {
			comment: true, waiting: fleet.ForEnd, after: 1500 * time.Millisecond,
			want: []string{"waits for web-8000 to end", "webs:web-8000 stopped"},
		},
		"the same is not said twice": {
			comment: true, waiting: fleet.ForEnd, after: time.Minute,
			want: []string{"waits for web-8000 to end", "webs:web-8000 stopped"},
		},
		"nothing where nothing is waited for": {comment: true, after: time.Minute, want: []string{"webs:web-8000 stopped"}},
		"supervisorctl has no such lines":     {waiting: fleet.ForEnd, after: time.Minute, want: []string{"webs:web-8000 stopped"}},
		"requests, as the front door has them": {
			comment: true, waiting: fleet.ForRequests, after: 2 * time.Second,
			want: []string{"waits for 2 requests of web-8000", "webs:web-8000 stopped"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := serving("webs:web-8000", 0)
				s.Waiting = c.waiting
				f, done := slow(s, worker("webs:other", lifecycle.StateStopping))
				time.AfterFunc(c.after, func() { close(done) })
				figures := &Figures{Workers: map[int]WorkerFigures{0: {InFlight: 2}}}
				stop := control.Request{Verb: control.VerbStop, Names: []string{"web-8000"}, Comment: c.comment}
				a := asked(t, f, stop, counting(figures))
				if got := a.words(); !slices.Equal(got, c.want) || a.code != 0 || a.err != nil {
					t.Errorf("got %q, code %d and %v, want %q", got, a.code, a.err, c.want)
				}
			})
		})
	}
}

func TestWhatIsWaitedForIsSaidAnewWhenItChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serving("webs:web-8000", 0)
		s.Waiting, s.WaitingUntil = fleet.ForReady, time.Now().Add(time.Minute)
		f, done := slow(s)
		began := time.Now()
		var at []time.Duration
		time.AfterFunc(100*time.Second, func() { close(done) })
		h := &Handler{Fleet: f.inTerms()}
		_, _ = h.Answer(t.Context(), control.Request{Verb: control.VerbStop, Names: []string{"web-8000"}, Comment: true}, func(f control.Frame) error {
			if f.Text != "" {
				at = append(at, time.Since(began))
			}
			return nil
		})
		// After a second, then twice as late each time, up to 16 seconds; the deadline makes each line another one
		// until it is over.
		want := []time.Duration{1, 3, 7, 15, 31, 47, 63}
		if len(at) != len(want) {
			t.Fatalf("got lines after %v, want %d", at, len(want))
		}
		for i := range want {
			if at[i] != want[i]*time.Second {
				t.Errorf("line %d: got it after %v, want %d s", i, at[i], want[i])
			}
		}
	})
}

func TestAnOrderAboutAllWaitsForNoneOfPercoresOwn(t *testing.T) {
	f := &fakeFleet{workers: []fleet.WorkerStatus{own("percore:front", lifecycle.StateStopping), worker("webs:a", lifecycle.StateStopping), worker("webs:b", lifecycle.StateStarting)}}
	f.workers[0].Waiting, f.workers[1].Waiting, f.workers[2].Waiting = fleet.ForEnd, fleet.ForEnd, fleet.ForReady
	j := &job{handler: &Handler{Fleet: f.inTerms()}, ctx: t.Context()}
	for name, c := range map[string]struct {
		order fleet.Order
		want  string
	}{
		"a scale, which names none": {fleet.Order{Verb: fleet.Scale}, "waits for a to end; b to be ready"},
		"one that is named":         {fleet.Order{Processes: []string{"webs:b"}}, "waits for b to be ready"},
		"percore's own, when named": {fleet.Order{Processes: []string{"percore:front"}}, "waits for front to end"},
		"another":                   {fleet.Order{Processes: []string{"webs:c"}}, ""},
	} {
		if got := j.waitsFor(c.order, time.Now()); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
