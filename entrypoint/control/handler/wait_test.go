package handler

import (
	"strings"
	"testing"
	"time"

	"percore/entrypoint/control"
	"percore/reaper/fleet"
)

func TestWhatAnOrderWaitsForInWords(t *testing.T) {
	now := time.Now()
	figures := map[int]Figures{2: {InFlight: 3}, 3: {InFlight: 1}}
	in := func(d time.Duration) time.Time { return now.Add(d) }
	for want, s := range map[string]fleet.WorkerStatus{
		"":                                     {Name: "web-8000"},
		"3 requests of web-8002, at most 24 s": {Name: "web-8002", Endpoint: 2, Waiting: fleet.ForRequests, WaitingUntil: in(24*time.Second + time.Millisecond)},
		"1 request of web-8003, at most 1 s":   {Name: "web-8003", Endpoint: 3, Waiting: fleet.ForRequests, WaitingUntil: in(10 * time.Millisecond)},
		"the last requests of web-8004":        {Name: "web-8004", Endpoint: 4, Waiting: fleet.ForRequests},
		"web-8005 to end, at most 10 s":        {Name: "web-8005", Waiting: fleet.ForEnd, WaitingUntil: in(10 * time.Second)},
		"web-8006 to be ready, at most 60 s":   {Name: "web-8006", Waiting: fleet.ForReady, WaitingUntil: in(time.Minute)},
		"web-8007 to be ready":                 {Name: "web-8007", Waiting: fleet.ForReady, WaitingUntil: in(-time.Minute)},
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
	figures := map[int]Figures{0: {Oldest: time.Hour}, 1: {Oldest: time.Hour, Stuck: 34*time.Second + 500*time.Millisecond}, -1: {Stuck: time.Second}}
	if got, want := stuckWorkers(list, figures), "webs:web-8001 has not answered a request for 35s"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := stuckWorkers(list, nil); got != "" {
		t.Errorf("without figures: got %q, want nothing", got)
	}
}
