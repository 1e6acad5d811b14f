package handler

import (
	"context"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"percore/entrypoint/control"
	"percore/reaper/fleet"
	"percore/reaper/lifecycle"
)

func someWorkers() []fleet.WorkerStatus {
	return []fleet.WorkerStatus{
		{Process: "webs:web-8000", Group: "webs", Name: "web-8000", State: lifecycle.StateRunning},
		{Process: "webs:web-8001", Group: "webs", Name: "web-8001", State: lifecycle.StateStopped},
		{Process: "cron:cron", Group: "cron", Name: "cron", State: lifecycle.StateBackoff},
		{Process: "jobs:twin", Group: "jobs", Name: "twin", State: lifecycle.StateFatal},
		{Process: "tasks:twin", Group: "tasks", Name: "twin", State: lifecycle.StateExited},
		{Process: "percore:front", Group: "percore", Name: "front", State: lifecycle.StateRunning, Internal: true},
	}
}

func TestWhomANameMeans(t *testing.T) {
	for name, c := range map[string]struct {
		selector string
		want     []string
		missing  control.Fault
	}{
		"a worker":                              {selector: "webs:web-8001", want: []string{"webs:web-8001"}},
		"a group":                               {selector: "webs:*", want: []string{"webs:web-8000", "webs:web-8001"}},
		"a group, supervisord's other way":      {selector: "webs:", want: []string{"webs:web-8000", "webs:web-8001"}},
		"a group of one by its name":            {selector: "cron", want: []string{"cron:cron"}},
		"a worker by its name alone":            {selector: "web-8000", want: []string{"webs:web-8000"}},
		"a name that two have":                  {selector: "twin", missing: control.NoSuchProcess},
		"a group is no process":                 {selector: "webs", missing: control.NoSuchProcess},
		"nobody":                                {selector: "nope", missing: control.NoSuchProcess},
		"none in a group":                       {selector: "webs:nope", missing: control.NoSuchProcess},
		"no such group":                         {selector: "nope:*", missing: control.NoSuchGroup},
		"percore's own, when named":             {selector: "percore:front", want: []string{"percore:front"}},
		"nothing":                               {selector: "", missing: control.NoSuchProcess},
		"a star alone is not all":               {selector: "*", missing: control.NoSuchProcess},
		"a colon alone is a group without name": {selector: ":", missing: control.NoSuchGroup},
	} {
		t.Run(name, func(t *testing.T) {
			got := choose(someWorkers(), c.selector)
			if !slices.Equal(titles(got.list), c.want) && len(got.list)+len(c.want) > 0 {
				t.Errorf("got %q, want %q", titles(got.list), c.want)
			}
			if c.missing != "" && got.missing() != c.missing {
				t.Errorf("fault: got %q, want %q", got.missing(), c.missing)
			}
		})
	}
}

func TestWhoNamesNobodyIsToldWhomThereIs(t *testing.T) {
	const everybody = "there are webs:web-8000, webs:web-8001, cron:cron, jobs:twin, tasks:twin"
	for selector, want := range map[string]string{
		"nope": everybody, "": everybody, "nope:web-8000": everybody,
		"twin":      "several have that name: jobs:twin, tasks:twin",
		"webs":      "webs:* is all of that group",
		"webs:nope": "that group has webs:web-8000, webs:web-8001",
		"nope:*":    "the groups are cron, jobs, tasks, webs",
	} {
		if got := choose(someWorkers(), selector).instead(someWorkers()); got != want {
			t.Errorf("%q: got %q, want %q", selector, got, want)
		}
	}
	if got := choose(nil, "nope").instead(nil); got != "" {
		t.Errorf("where there is none at all: got %q, want nothing", got)
	}
	if got, want := enumerate(strings.Fields("a b c d e f g h i")), "a, b, c, d, e, f, g, h, …"; got != want {
		t.Errorf("more than a line can bear: got %q, want %q", got, want)
	}
}

func TestAllIsNeverPercoreItself(t *testing.T) {
	for _, s := range withoutOwn(someWorkers()) {
		if s.Group == "percore" {
			t.Errorf("got %s among all", s.Process)
		}
	}
}

func TestSignalsByNameAndNumber(t *testing.T) {
	for text, want := range map[string]syscall.Signal{
		"HUP": syscall.SIGHUP, "hup": syscall.SIGHUP, "rtmin+3": 37, "SIGRTMAX": 64, "RTMIN+99": 0,
		"SIGUSR1": syscall.SIGUSR1, "15": syscall.SIGTERM, "64": syscall.Signal(64),
		"0": 0, "-1": 0, "65": 0, "NOPE": 0, "": 0, "SIG": 0, "9x": 0,
	} {
		if got := signalOf(text); got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
	}
}

func TestConsumptionOutOfProc(t *testing.T) {
	stat := func(comm string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("7 (" + comm + ") S 1 7 7 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 1 0 100 1000000 3 18446744073709551615 1 1 0\n")}
	}
	proc := fstest.MapFS{"7/stat": stat("python3"), "8/stat": stat("a) S 1 (b"), "9/stat": {Data: []byte("9 (short) S 1\n")}}
	for pid, want := range map[int]time.Duration{7: 3 * time.Second, 8: 3 * time.Second, 9: 0, 10: 0} {
		rss, cpu := consumption(proc, pid)
		if cpu != want || (rss > 0) != (want > 0) {
			t.Errorf("pid %d: got %d bytes and %v, want %v", pid, rss, cpu, want)
		}
	}
}

// ask makes a request of a handler whose fleet has not been started: nothing runs, so nothing has to be waited for.
func ask(t *testing.T, d *Handler, r control.Request) (frames []control.Frame, code int, err error) {
	t.Helper()
	code, err = d.Answer(t.Context(), r, func(f control.Frame) error {
		frames = append(frames, f)
		return nil
	})
	return frames, code, err
}

func idleHandler() *Handler {
	return &Handler{Version: "1", Traffic: true, Fleet: FleetOf(fleet.New(fleet.Options{Programs: []fleet.Program{
		{Group: "webs", Name: "web", Command: []string{"true"}, Workers: 2, PortsFrom: 8000, Role: fleet.Role{Traffic: true}},
		{Group: "percore", Name: "front", Command: []string{"true"}, Role: fleet.Role{Internal: true}},
	}}))}
}

func TestStatusOfWorkersThatHaveNotBegun(t *testing.T) {
	for name, c := range map[string]struct {
		request   control.Request
		processes int
		faults    int
		code      int
	}{
		"all of them":                    {processes: 2, code: 3},
		"all by name":                    {request: control.Request{Names: []string{"all"}}, processes: 2, code: 3},
		"percore's own, for the curious": {request: control.Request{Verbose: true}, processes: 3, code: 3},
		"percore's own by name":          {request: control.Request{Names: []string{"percore:*"}}, processes: 1, code: 3},
		"one":                            {request: control.Request{Names: []string{"webs:web-8001"}}, processes: 1, code: 3},
		"an unknown name":                {request: control.Request{Names: []string{"nope"}}, faults: 1, code: 4},
		"an unknown beside one that is not": {
			request: control.Request{Names: []string{"nope:*", "webs:*"}}, processes: 2, faults: 1, code: 3,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.request.Verb = control.VerbStatus
			frames, code, err := ask(t, idleHandler(), c.request)
			processes, faults := 0, 0
			for _, f := range frames {
				if f.Process != nil {
					processes++
					if f.Process.Description != "Not started" {
						t.Errorf("description: got %q, want Not started", f.Process.Description)
					}
				}
				if f.Outcome != nil {
					faults++
				}
			}
			if processes != c.processes || faults != c.faults || code != c.code || err != nil {
				t.Errorf("got %d processes, %d faults, code %d and error %v, want %d, %d, %d and none", processes, faults, code, err, c.processes, c.faults, c.code)
			}
		})
	}
}

func TestAContainerWithoutAReadyWorkerIsUnhealthy(t *testing.T) {
	frames, code, err := ask(t, idleHandler(), control.Request{Verb: control.VerbReady})
	if code != 1 || err != nil || len(frames) != 1 || !strings.Contains(frames[0].Text, "no worker is ready: 2 STOPPED") {
		t.Errorf("got %+v, code %d and error %v, want one line with the reason, and 1", frames, code, err)
	}
}

func TestWhoIsAskedToIntroducesItselfFirst(t *testing.T) {
	d := idleHandler()
	d.Version, d.Command = "1.0", func() string { return "python3 main.py" }
	frames, _, err := ask(t, d, control.Request{Verb: control.VerbStop, Names: []string{"all"}, Introduce: true})
	if err != nil || len(frames) == 0 || frames[0].Fleet == nil {
		t.Fatalf("got %+v and error %v, want a fleet first", frames, err)
	}
	if got := frames[0].Fleet; got.Version != "1.0" || got.Command != "python3 main.py" || got.PID == 0 {
		t.Errorf("got %+v, want version, pid and command", got)
	}
}

func TestRequestsThatMakeNoSense(t *testing.T) {
	for name, r := range map[string]control.Request{
		"an unknown verb":   {Verb: "dance"},
		"no verb":           {},
		"tail of none":      {Verb: control.VerbTail},
		"tail of a group":   {Verb: control.VerbTail, Names: []string{"webs:*"}, Stream: "stdout"},
		"tail of no stream": {Verb: control.VerbTail, Names: []string{"webs:web-8000"}, Stream: "stdin"},
		"scale of none":     {Verb: control.VerbScale, Names: []string{"nope"}, Count: 2},
		"clear of none":     {Verb: control.VerbClear, Names: []string{"nope"}},
		"pid of none":       {Verb: control.VerbPID, Names: []string{"nope"}},
		"stop of none":      {Verb: control.VerbStop, Names: []string{"nope:*"}},
		"no such signal":    {Verb: control.VerbSignal, Names: []string{"webs:web-8000"}, Signal: "NOPE"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, code, _ := ask(t, idleHandler(), r); code == 0 {
				t.Error("got code 0, want another")
			}
		})
	}
}

func TestATailIsAsLongAsWasAskedFor(t *testing.T) {
	for _, bytes := range []int{-5, 0, 1, 1 << 30} {
		frames, code, err := ask(t, idleHandler(), control.Request{Verb: control.VerbTail, Names: []string{"web-8000"}, Stream: "stdout", Bytes: bytes})
		if len(frames) != 0 || code != 0 || err != nil {
			t.Errorf("%d bytes of nothing: got %v, code %d and error %v", bytes, frames, code, err)
		}
	}
}

func TestFollowingEndsWithTheClient(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := control.Request{Verb: control.VerbTail, Names: []string{"web-8000"}, Stream: "stderr", Follow: true}
	if code, err := idleHandler().Answer(ctx, r, func(control.Frame) error { return nil }); code != 0 || err != nil {
		t.Errorf("got code %d and error %v, want none", code, err)
	}
}
