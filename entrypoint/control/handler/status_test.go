package handler

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"percore/entrypoint/control"
	"percore/reaper/fleet"
	"percore/reaper/lifecycle"
)

// overviewOf is the frame about the whole in an answer.
func overviewOf(t *testing.T, a answered) control.Fleet {
	t.Helper()
	for _, f := range a.frames {
		if f.Fleet != nil {
			return *f.Fleet
		}
	}
	t.Fatalf("got %+v, want a frame about the fleet", a.frames)
	return control.Fleet{}
}

// processesOf are the names of the processes that an answer tells of.
func processesOf(a answered) (names []string) {
	for _, f := range a.frames {
		if f.Process != nil {
			names = append(names, f.Process.Name)
		}
	}
	return names
}

func TestStatusIsSortedAndSaysWhetherSomethingIsDown(t *testing.T) {
	for name, c := range map[string]struct {
		request control.Request
		workers []fleet.WorkerStatus
		names   []string
		words   []string
		code    int
	}{
		"by group, then by name": {
			workers: []fleet.WorkerStatus{serving("webs:b", 1), serving("webs:a", 0), serving("apps:z", 2)},
			names:   []string{"z", "a", "b"},
		},
		"one that starts is not down": {
			workers: []fleet.WorkerStatus{
				worker("webs:a", lifecycle.StateStarting), worker("webs:b", lifecycle.StateBackoff),
				worker("webs:c", lifecycle.StateStopping),
			},
			names: []string{"a", "b", "c"},
		},
		"one that is stopped is": {
			workers: []fleet.WorkerStatus{serving("webs:a", 0), worker("webs:b", lifecycle.StateStopped)},
			names:   []string{"a", "b"}, code: 3,
		},
		"one that has ended is":    {workers: []fleet.WorkerStatus{worker("webs:b", lifecycle.StateExited)}, names: []string{"b"}, code: 3},
		"one that was given up is": {workers: []fleet.WorkerStatus{worker("webs:b", lifecycle.StateFatal)}, names: []string{"b"}, code: 3},
		"only those named count": {
			request: control.Request{Names: []string{"a"}},
			workers: []fleet.WorkerStatus{serving("webs:a", 0), worker("webs:b", lifecycle.StateStopped)}, names: []string{"a"},
		},
		"percore's own is hidden": {
			workers: []fleet.WorkerStatus{serving("webs:a", 0), own("percore:front", lifecycle.StateStopped)},
			names:   []string{"a"},
		},
		"but not from who wants to know": {
			request: control.Request{Verbose: true},
			workers: []fleet.WorkerStatus{serving("webs:a", 0), own("percore:front", lifecycle.StateStopped)},
			names:   []string{"front", "a"}, code: 3,
		},
		"an unknown name": {
			request: control.Request{Names: []string{"nope"}}, workers: []fleet.WorkerStatus{serving("webs:a", 0)},
			words: []string{"nope ! no such process"}, code: 4,
		},
		"an unknown group, by its name": {
			request: control.Request{Names: []string{"nope:*", "a"}},
			workers: []fleet.WorkerStatus{serving("webs:a", 0)}, names: []string{"a"},
			words: []string{"nope ! no such group"}, code: 4,
		},
		"down counts more than unknown": {
			request: control.Request{Names: []string{"nope", "b"}},
			workers: []fleet.WorkerStatus{worker("webs:b", lifecycle.StateStopped)}, names: []string{"b"},
			words: []string{"nope ! no such process"}, code: 3,
		},
		"there is no worker": {},
	} {
		t.Run(name, func(t *testing.T) {
			c.request.Verb = control.VerbStatus
			a := asked(t, &fakeFleet{workers: c.workers}, c.request)
			if got := processesOf(a); !slices.Equal(got, c.names) || !slices.Equal(a.words(), c.words) || a.code != c.code {
				t.Errorf("got %q, %q and code %d, want %q, %q and %d", got, a.words(), a.code, c.names, c.words, c.code)
			}
		})
	}
}

func TestWhatStatusTellsOfAProcess(t *testing.T) {
	began := time.Now().Add(-time.Hour)
	s := serving("webs:a", 3)
	s.Started, s.Restarts, s.Priority, s.LastExit, s.LastCode, s.LastAt, s.Diagnosis = began, 4, 7, "killed by SIGKILL", 137, began, "listens on [::1]:8003"
	a := asked(t, &fakeFleet{workers: []fleet.WorkerStatus{s}}, control.Request{Verb: control.VerbStatus})
	if len(a.frames) != 2 || a.frames[1].Process == nil {
		t.Fatalf("got %+v, want the fleet and one process", a.frames)
	}
	got := *a.frames[1].Process
	if got.Uptime < 3600 || got.Uptime > 3700 || !strings.Contains(got.Description, "uptime 1:00:0") {
		t.Errorf("uptime: got %v and %q, want an hour", got.Uptime, got.Description)
	}
	got.Uptime, got.Description = 0, ""
	want := control.Process{
		Group: "webs", Name: "a", State: "RUNNING", Ready: true, PID: s.PID, Port: 8003, Started: began, Restarts: 4,
		Priority: 7,
		LastEnd:  "killed by SIGKILL", LastCode: 137, LastAt: began, Diagnosis: "listens on [::1]:8003",
	}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestStatusCountsWhereSomethingCounts(t *testing.T) {
	figures := &Figures{Workers: map[int]WorkerFigures{1: {Served: 12, InFlight: 3, Oldest: 1500 * time.Millisecond, Ejected: true}, -1: {Served: 99}}}
	f := &fakeFleet{workers: []fleet.WorkerStatus{serving("webs:a", 1), serving("webs:b", 2), worker("mails:m", lifecycle.StateRunning)}}
	for name, c := range map[string]struct {
		verbose bool
		change  func(*Handler)
		counted []string
	}{
		"with -v":                              {verbose: true, change: counting(figures), counted: []string{"a"}},
		"without":                              {change: counting(figures)},
		"where the front door does not answer": {verbose: true, change: counting(nil)},
		"where there is none":                  {verbose: true, change: func(*Handler) {}},
		"a program without traffic is not the -1st": {verbose: true, change: counting(&Figures{Workers: map[int]WorkerFigures{-1: {Served: 1}}})},
	} {
		var counted []string
		for _, frame := range asked(t, f, control.Request{Verb: control.VerbStatus, Verbose: c.verbose}, c.change).frames {
			p := frame.Process
			if p == nil || p.Requests == nil {
				continue
			}
			counted = append(counted, p.Name)
			if *p.Requests != 12 || *p.InFlight != 3 || p.Oldest != 1.5 || !p.Ejected {
				t.Errorf("%s: got %+v, want the front door's figures", name, p)
			}
		}
		if !slices.Equal(counted, c.counted) {
			t.Errorf("%s: got %q with figures, want %q", name, counted, c.counted)
		}
	}
}

func TestTheWholeInOneFrame(t *testing.T) {
	stuck := &Figures{Workers: map[int]WorkerFigures{0: {Stuck: 40 * time.Second}}}
	for name, c := range map[string]struct {
		workers   []fleet.WorkerStatus
		condition fleet.Condition
		changes   []func(*Handler)
		want      control.Fleet
	}{
		"all is well": {workers: []fleet.WorkerStatus{serving("webs:a", 0)}, want: control.Fleet{Ready: true}},
		"something is being done, and not well": {
			workers:   []fleet.WorkerStatus{serving("webs:a", 0)},
			condition: fleet.Condition{Maintenance: "restart", Degraded: "roll halted"},
			want:      control.Fleet{Ready: true, Maintenance: "restart", Degraded: "roll halted"},
		},
		"a worker is stuck": {
			workers: []fleet.WorkerStatus{serving("webs:a", 0)}, changes: []func(*Handler){counting(stuck)},
			want: control.Fleet{Ready: true, Degraded: "webs:a has not answered a request for 40s"},
		},
		"both": {
			workers: []fleet.WorkerStatus{serving("webs:a", 0)}, changes: []func(*Handler){counting(stuck)},
			condition: fleet.Condition{Degraded: "roll halted"},
			want:      control.Fleet{Ready: true, Degraded: "roll halted; webs:a has not answered a request for 40s"},
		},
		"who it is": {
			workers: []fleet.WorkerStatus{serving("webs:a", 0)},
			changes: []func(*Handler){func(h *Handler) {
				h.Command, h.Listen = func() string { return "python3 main.py" }, func() []string { return []string{":80", ":81"} }
			}},
			want: control.Fleet{Ready: true, Command: "python3 main.py", Listen: []string{":80", ":81"}},
		},
		"it is stopping": {
			workers: []fleet.WorkerStatus{serving("webs:a", 0)}, condition: fleet.Condition{Stopping: true},
			want: control.Fleet{Why: "percore is stopping"},
		},
		"no worker is ready": {
			workers: []fleet.WorkerStatus{worker("webs:a", lifecycle.StateStarting), worker("webs:b", lifecycle.StateFatal), worker("webs:c", lifecycle.StateStarting)},
			want:    control.Fleet{Why: "no worker is ready: 2 STARTING, 1 FATAL"},
		},
		"the front door is not up": {
			workers: []fleet.WorkerStatus{serving("webs:a", 0), own("percore:front", lifecycle.StateBackoff)},
			want:    control.Fleet{Why: "percore:front is BACKOFF"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := overviewOf(t, asked(t, &fakeFleet{workers: c.workers, condition: c.condition}, control.Request{Verb: control.VerbStatus}, c.changes...))
			if got.PID == 0 || got.Version != "1.2" {
				t.Errorf("got pid %d and version %q", got.PID, got.Version)
			}
			if !slices.Equal(got.Listen, c.want.Listen) {
				t.Errorf("addresses: got %q, want %q", got.Listen, c.want.Listen)
			}
			got.PID, got.Version, got.Listen, c.want.Listen = 0, "", nil, nil
			if got.Command != c.want.Command || got.Ready != c.want.Ready || got.Why != c.want.Why ||
				got.Maintenance != c.want.Maintenance || got.Degraded != c.want.Degraded {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

func TestTheWholeSaysWhatTheFrontDoorHolds(t *testing.T) {
	held := control.Held{Files: 2, Bytes: 3, BytesMax: 4, Requests: 5, Responses: 6, Refused: 7, Failed: 8}
	for name, c := range map[string]struct {
		changes []func(*Handler)
		want    *control.Held
	}{
		"it answers":         {[]func(*Handler){counting(&Figures{Held: held})}, &held},
		"it holds nothing":   {[]func(*Handler){counting(&Figures{})}, &control.Held{}},
		"it does not answer": {[]func(*Handler){counting(nil)}, nil},
		"there is none":      {nil, nil},
	} {
		a := asked(t, &fakeFleet{workers: []fleet.WorkerStatus{serving("webs:a", 0)}}, control.Request{Verb: control.VerbStatus}, c.changes...)
		if got := overviewOf(t, a).Held; (got == nil) != (c.want == nil) || got != nil && *got != *c.want {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}

func TestHealthInOneLine(t *testing.T) {
	diagnosed := worker("webs:a", lifecycle.StateStarting)
	diagnosed.Endpoint, diagnosed.Diagnosis = 0, "listens on 0.0.0.0:5000"
	mail := worker("mails:m", lifecycle.StateRunning)
	mail.Ready = true
	for name, c := range map[string]struct {
		workers   []fleet.WorkerStatus
		condition fleet.Condition
		changes   []func(*Handler)
		want      string
		code      int
	}{
		"one of two serves": {
			workers: []fleet.WorkerStatus{serving("webs:a", 0), worker("webs:b", lifecycle.StateStarting)},
			want:    "healthy: 1 of 1 workers ready",
		},
		"one of two that get traffic": {
			workers: []fleet.WorkerStatus{serving("webs:a", 0), diagnosedAs(serving("webs:b", 1))},
			want:    "healthy: 1 of 2 workers ready",
		},
		"a further program is no health": {workers: []fleet.WorkerStatus{mail}, want: "unhealthy: no worker is ready: 1 RUNNING", code: 1},
		"but is where nothing has traffic": {
			workers: []fleet.WorkerStatus{mail}, changes: []func(*Handler){func(h *Handler) { h.Traffic = false }},
			want: "healthy: 1 of 1 workers ready",
		},
		"why it is not, where that is known": {
			workers: []fleet.WorkerStatus{diagnosed},
			want:    "unhealthy: no worker is ready: 1 STARTING; webs:a listens on 0.0.0.0:5000", code: 1,
		},
		"the end has begun": {
			workers: []fleet.WorkerStatus{serving("webs:a", 0)}, condition: fleet.Condition{Stopping: true},
			want: "unhealthy: percore is stopping", code: 1,
		},
		"the front door starts": {
			workers: []fleet.WorkerStatus{serving("webs:a", 0), own("percore:front", lifecycle.StateStarting)},
			want:    "unhealthy: percore:front is STARTING", code: 1,
		},
		"the front door hangs": {
			workers: []fleet.WorkerStatus{serving("webs:a", 0)}, changes: []func(*Handler){counting(nil)},
			want: "unhealthy: the front door does not answer", code: 1,
		},
		"the front door answers": {
			workers: []fleet.WorkerStatus{serving("webs:a", 0)},
			changes: []func(*Handler){counting(&Figures{Workers: map[int]WorkerFigures{}})}, want: "healthy: 1 of 1 workers ready",
		},
		"a worker is stuck": {
			workers: []fleet.WorkerStatus{serving("webs:a", 0)},
			changes: []func(*Handler){counting(&Figures{Workers: map[int]WorkerFigures{0: {Stuck: 40 * time.Second}}})},
			want:    "healthy: 1 of 1 workers ready; webs:a has not answered a request for 40s",
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := asked(t, &fakeFleet{workers: c.workers, condition: c.condition}, control.Request{Verb: control.VerbReady}, c.changes...)
			if got := a.words(); len(got) != 1 || got[0] != c.want || a.code != c.code || a.err != nil {
				t.Errorf("got %q, code %d and %v, want %q and %d", got, a.code, a.err, c.want, c.code)
			}
		})
	}
}

// diagnosedAs is a worker that runs and is not ready.
func diagnosedAs(s fleet.WorkerStatus) fleet.WorkerStatus {
	s.Ready, s.Diagnosis = false, "listens elsewhere"
	return s
}

func TestAnUnknownCommandIsRefusedByName(t *testing.T) {
	a := asked(t, mixed(), control.Request{Verb: "dance"})
	if a.code != control.CodeInvalid || a.err == nil || !strings.Contains(a.err.Error(), `"dance"`) || len(a.frames) > 0 {
		t.Errorf("got %+v, want code 2 and the word", a)
	}
}

func TestFiguresAreAskedForAsLongAsTheClientWaits(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	gone := false
	h := &Handler{Fleet: mixed().inTerms(), Figures: func(ctx context.Context) *Figures { gone = ctx.Err() != nil; return nil }}
	if _, err := h.Answer(ctx, control.Request{Verb: control.VerbStatus}, func(control.Frame) error { return nil }); err != nil || !gone {
		t.Errorf("got error %v and the client gone %t, want the front door to be asked for one that has left no longer", err, gone)
	}
}
