package handler

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"percore/entrypoint/control"
	"percore/reaper/fleet"
	"percore/reaper/lifecycle"
)

// mixed are workers in every state, and percore's own.
func mixed() *fakeFleet {
	return &fakeFleet{workers: []fleet.WorkerStatus{
		worker("webs:web-8002", lifecycle.StateStopped), worker("webs:web-8000", lifecycle.StateRunning), worker("webs:web-8001", lifecycle.StateStarting),
		worker("webs:web-8003", lifecycle.StateStopping),
		worker("cron:cron", lifecycle.StateBackoff), worker("jobs:job", lifecycle.StateExited), worker("jobs:last", lifecycle.StateFatal),
		own("percore:front", lifecycle.StateRunning),
	}}
}

// supervisord leaves out of a group, and of all, whom a verb does not fit; a process that is named gets its order
// whatever it does.
func TestWhomAnOrderIsAbout(t *testing.T) {
	for name, c := range map[string]struct {
		request control.Request
		orders  []string
	}{
		"start all": {
			control.Request{Verb: control.VerbStart, Names: []string{"all"}},
			[]string{"start jobs:job jobs:last webs:web-8002 webs:web-8003"},
		},
		"start a group": {control.Request{Verb: control.VerbStart, Names: []string{"jobs:*"}}, []string{"start jobs:job jobs:last"}},
		"start one":     {control.Request{Verb: control.VerbStart, Names: []string{"webs:web-8000"}}, []string{"start webs:web-8000"}},
		"stop all": {
			control.Request{Verb: control.VerbStop, Names: []string{"all"}},
			[]string{"stop cron:cron webs:web-8000 webs:web-8001"},
		},
		"stop a group": {
			control.Request{Verb: control.VerbStop, Names: []string{"webs:*"}},
			[]string{"stop webs:web-8000 webs:web-8001"},
		},
		"stop one, stopped": {control.Request{Verb: control.VerbStop, Names: []string{"webs:web-8002"}}, []string{"stop webs:web-8002"}},
		"stop two names, one after another": {
			control.Request{Verb: control.VerbStop, Names: []string{"cron", "web-8000"}},
			[]string{"stop cron:cron", "stop webs:web-8000"},
		},
		"all beside names is all": {
			control.Request{Verb: control.VerbStop, Names: []string{"cron", "all"}},
			[]string{"stop cron:cron webs:web-8000 webs:web-8001"},
		},
		"a group in which nothing fits": {control.Request{Verb: control.VerbStop, Names: []string{"jobs:*"}}, nil},
		"percore's own, when named": {
			control.Request{Verb: control.VerbStop, Names: []string{"percore:front"}},
			[]string{"stop percore:front"},
		},
		"drain a group": {
			control.Request{Verb: control.VerbDrain, Names: []string{"webs:*"}},
			[]string{"drain webs:web-8000 webs:web-8001"},
		},
		"undrain all": {
			control.Request{Verb: control.VerbUndrain, Names: []string{"all"}},
			[]string{"undrain cron:cron webs:web-8000 webs:web-8001"},
		},
		"signal all": {
			control.Request{Verb: control.VerbSignal, Signal: "HUP", Names: []string{"all"}},
			[]string{"signal 1 webs:web-8000 webs:web-8001 webs:web-8003"},
		},
		"signal one in no state for it": {
			control.Request{Verb: control.VerbSignal, Signal: "usr1", Names: []string{"cron"}},
			[]string{"signal 10 cron:cron"},
		},
		"no such signal": {control.Request{Verb: control.VerbSignal, Signal: "NOPE", Names: []string{"webs:*"}}, nil},
		"scale":          {control.Request{Verb: control.VerbScale, Count: 3}, []string{"scale 3 relative=false"}},
		"scale a group by two less": {
			control.Request{Verb: control.VerbScale, Names: []string{"webs"}, Count: -2, Relative: true},
			[]string{"scale webs -2 relative=true"},
		},
		"scale no group": {control.Request{Verb: control.VerbScale, Names: []string{"nope"}, Count: 3}, nil},
		"restart one that runs": {
			control.Request{Verb: control.VerbRestart, Names: []string{"webs:web-8000"}},
			[]string{"restart webs:web-8000"},
		},
		"restart one that is stopped": {
			control.Request{Verb: control.VerbRestart, Names: []string{"webs:web-8002"}},
			[]string{"start webs:web-8002"},
		},
		"restart a group": {
			control.Request{Verb: control.VerbRestart, Names: []string{"webs:*"}},
			[]string{"restart webs:web-8000 webs:web-8001", "start webs:web-8002", "start webs:web-8003"},
		},
		"restart two names, in one roll": {
			control.Request{Verb: control.VerbRestart, Names: []string{"cron", "web-8000"}},
			[]string{"restart cron:cron webs:web-8000"},
		},
		"restart all": {
			control.Request{Verb: control.VerbRestart, Names: []string{"all"}},
			[]string{"restart cron:cron webs:web-8000 webs:web-8001", "start jobs:job", "start jobs:last", "start webs:web-8002", "start webs:web-8003"},
		},
		"restart a name that nothing has": {control.Request{Verb: control.VerbRestart, Names: []string{"nope"}}, nil},
		"restart all, hard": {
			control.Request{Verb: control.VerbRestart, Hard: true, Names: []string{"all"}},
			[]string{"stop cron:cron webs:web-8000 webs:web-8001", "start jobs:job jobs:last webs:web-8002 webs:web-8003"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := mixed()
			a := asked(t, f, c.request)
			if got := f.ordered(); !slices.Equal(got, c.orders) {
				t.Errorf("got orders %q, want %q", got, c.orders)
			}
			if a.err != nil {
				t.Errorf("got error %v", a.err)
			}
		})
	}
}

func TestWhatAClientHearsOfAnOrder(t *testing.T) {
	failing := func(err error) func(fleet.Order) ([]fleet.Outcome, error) {
		return func(o fleet.Order) ([]fleet.Outcome, error) {
			return []fleet.Outcome{{Process: o.Processes[0], Done: "started", Err: err}}, fmt.Errorf("%s: %w", o.Verb, err)
		}
	}
	for name, c := range map[string]struct {
		request  control.Request
		outcomes func(fleet.Order) ([]fleet.Outcome, error)
		words    []string
		code     int
		err      string
	}{
		"it was done": {
			request: control.Request{Verb: control.VerbStart, Names: []string{"web-8002"}},
			words:   []string{"webs:web-8002 start done"},
		},
		"it does not start": {
			request:  control.Request{Verb: control.VerbStart, Names: []string{"web-8002"}},
			outcomes: failing(fleet.ErrSpawn),
			words:    []string{"webs:web-8002 started! spawn error"}, code: 7,
		},
		"it runs already": {
			request:  control.Request{Verb: control.VerbStart, Names: []string{"web-8000"}},
			outcomes: failing(fleet.ErrAlreadyStarted),
			words:    []string{"webs:web-8000 started! already started"}, code: 0,
		},
		"there is no such program": {
			request:  control.Request{Verb: control.VerbStart, Names: []string{"web-8002"}},
			outcomes: failing(fleet.ErrNoFile),
			words:    []string{"webs:web-8002 started! no such file"}, code: 1,
		},
		"a stop of what is stopped": {
			request:  control.Request{Verb: control.VerbStop, Names: []string{"web-8002"}},
			outcomes: failing(fleet.ErrNotRunning),
			words:    []string{"webs:web-8002 started! not running"}, code: 0,
		},
		"a signal to what is stopped": {
			request:  control.Request{Verb: control.VerbSignal, Signal: "1", Names: []string{"web-8002"}},
			outcomes: failing(fleet.ErrNotRunning),
			words:    []string{"webs:web-8002 started! not running"}, code: 7,
		},
		"a fault that no process has": {
			request:  control.Request{Verb: control.VerbStop, Names: []string{"web-8000"}},
			outcomes: func(fleet.Order) ([]fleet.Outcome, error) { return nil, fleet.ErrStopping }, code: 1,
			err: "percore is stopping",
		},
		"a fault beside an outcome that is well": {
			request: control.Request{Verb: control.VerbRestart, Names: []string{"web-8000"}},
			outcomes: func(o fleet.Order) ([]fleet.Outcome, error) {
				return []fleet.Outcome{{Process: o.Processes[0], Done: "restarted"}}, fmt.Errorf("restart: %w", fleet.ErrHalted)
			},
			words: []string{"webs:web-8000 restarted"}, code: 1, err: "restart: rolling restart halted",
		},
		"a name that nothing has": {
			request: control.Request{Verb: control.VerbStop, Names: []string{"nope"}},
			words:   []string{"nope:nope ! no such process"}, code: 1,
		},
		"a group that there is not": {
			request: control.Request{Verb: control.VerbStop, Names: []string{"nope:*"}},
			words:   []string{"nope ! no such group"}, code: 1,
		},
		"a start of such a group has a code of its own": {
			request: control.Request{Verb: control.VerbStart, Names: []string{"nope:*"}},
			words:   []string{"nope ! no such group"}, code: 2,
		},
		"after a name that nothing has comes the next": {
			request: control.Request{Verb: control.VerbStop, Names: []string{"nope", "web-8000"}},
			words:   []string{"nope:nope ! no such process", "webs:web-8000 stop done"}, code: 1,
		},
		"a signal that there is not": {
			request: control.Request{Verb: control.VerbSignal, Signal: "NOPE", Names: []string{"cron", "web-8000"}},
			words:   []string{"cron:cron ! bad signal name", "webs:web-8000 ! bad signal name"}, code: 1,
		},
		"a restart of what is stopped says so, as supervisorctl's stop": {
			request: control.Request{Verb: control.VerbRestart, Names: []string{"web-8002"}},
			words:   []string{"webs:web-8002 ! not running", "webs:web-8002 start done"}, code: 0,
		},
		"a restart of nothing complains twice, as a stop and a start do": {
			request: control.Request{Verb: control.VerbRestart, Names: []string{"nope"}},
			words:   []string{"nope:nope ! no such process", "nope:nope ! no such process"}, code: 1,
		},
		"a start while PRESTART runs": {
			request:  control.Request{Verb: control.VerbStart, Names: []string{"web-8002"}},
			outcomes: func(fleet.Order) ([]fleet.Outcome, error) { return nil, fmt.Errorf("start: %w", fleet.ErrPreparing) },
			code:     1, err: "start: prestart is still running",
		},
		"a restart says of itself that PRESTART runs": {
			request:  control.Request{Verb: control.VerbRestart, Names: []string{"web-8002"}},
			outcomes: func(fleet.Order) ([]fleet.Outcome, error) { return nil, fmt.Errorf("start: %w", fleet.ErrPreparing) },
			words:    []string{"webs:web-8002 ! not running"}, code: 1, err: "restart: prestart is still running",
		},
		"a hard restart whose stop fails starts nothing": {
			request:  control.Request{Verb: control.VerbRestart, Hard: true, Names: []string{"web-8000"}},
			outcomes: func(o fleet.Order) ([]fleet.Outcome, error) { return nil, errors.New(o.Verb.String()) },
			code:     1, err: "stop",
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := mixed()
			f.outcomes = c.outcomes
			a := asked(t, f, c.request)
			wrong := ""
			if a.err != nil {
				wrong = a.err.Error()
			}
			if got := a.words(); !slices.Equal(got, c.words) || a.code != c.code || wrong != c.err {
				t.Errorf("got %q, code %d and error %q, want %q, %d and %q", got, a.code, wrong, c.words, c.code, c.err)
			}
		})
	}
}

func TestAnOrderGoesOnWithoutTheClientThatGaveIt(t *testing.T) {
	f := mixed()
	h := &Handler{Fleet: f.inTerms()}
	code, err := h.Answer(t.Context(), control.Request{Verb: control.VerbStop, Names: []string{"cron", "web-8000"}}, func(control.Frame) error {
		return errors.New("broken pipe")
	})
	if got := f.ordered(); len(got) != 2 || code != 0 || err != nil {
		t.Errorf("got orders %q, code %d and %v, want both", got, code, err)
	}
}

func TestWhatIsClearedAndWhatIsSaidOfIt(t *testing.T) {
	for name, c := range map[string]struct {
		names    []string
		clearing error
		cleared  []string
		words    []string
		code     int
	}{
		"one": {names: []string{"cron"}, cleared: []string{"cron:cron"}, words: []string{"cron:cron cleared"}},
		"all but percore's own": {
			names:   []string{"all"},
			cleared: []string{"cron:cron", "jobs:job", "jobs:last", "webs:web-8000", "webs:web-8001", "webs:web-8002", "webs:web-8003"},
		},
		"a group is not a process": {names: []string{"webs:*"}, words: []string{"webs ! no such process"}, code: 1},
		"a name that nothing has": {
			names: []string{"nope", "cron"}, cleared: []string{"cron:cron"},
			words: []string{"nope:nope ! no such process", "cron:cron cleared"}, code: 1,
		},
		"a file that cannot be empty": {
			names: []string{"cron"}, clearing: errors.New("read-only"), cleared: []string{"cron:cron"},
			words: []string{"cron:cron ! failed"}, code: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := mixed()
			f.clearing = c.clearing
			a := asked(t, f, control.Request{Verb: control.VerbClear, Names: c.names})
			if !slices.Equal(f.cleared, c.cleared) || c.words != nil && !slices.Equal(a.words(), c.words) || a.code != c.code || a.err != nil {
				t.Errorf("got %q cleared, %q, code %d and %v, want %q, %q and %d", f.cleared, a.words(), a.code, a.err, c.cleared, c.words, c.code)
			}
		})
	}
}

func TestPIDs(t *testing.T) {
	for name, c := range map[string]struct {
		names []string
		want  string // percore's own pid is checked by its being one line
		lines int
		code  int
	}{
		"PID 1's":                  {lines: 1},
		"of all":                   {names: []string{"all"}, lines: 7},
		"of one":                   {names: []string{"web-8000"}, want: "108", lines: 1},
		"of one that does not run": {names: []string{"web-8002"}, want: "0", lines: 1, code: 7},
		"of a group":               {names: []string{"webs:*"}, want: "No such process webs:*", lines: 1, code: 1},
		"of nothing":               {names: []string{"nope"}, want: "No such process nope", lines: 1, code: 1},
		"of two":                   {names: []string{"web-8002", "cron"}, want: "0 104", lines: 2, code: 7},
	} {
		a := asked(t, mixed(), control.Request{Verb: control.VerbPID, Names: c.names})
		if got := a.words(); len(got) != c.lines || c.want != "" && strings.Join(got, " ") != c.want || a.code != c.code {
			t.Errorf("%s: got %q and code %d, want %q and %d", name, got, a.code, c.want, c.code)
		}
	}
}

func TestAShutdownIsBegunOnce(t *testing.T) {
	f := mixed()
	var reasons []string
	shut := func(h *Handler) { h.Shutdown = func(reason string) { reasons = append(reasons, reason) } }
	if got := asked(t, f, control.Request{Verb: control.VerbShutdown}, shut).words(); !slices.Equal(got, []string{"Shut down"}) {
		t.Errorf("got %q", got)
	}
	f.condition.Stopping = true
	a := asked(t, f, control.Request{Verb: control.VerbShutdown}, shut)
	if got := a.words(); !slices.Equal(got, []string{"ERROR: already shutting down"}) || a.code != 0 || len(reasons) != 1 || reasons[0] != "control command" {
		t.Errorf("again: got %q, code %d and reasons %q, want that it is under way, and one reason", got, a.code, reasons)
	}
}

func TestWhatIsConfiguredIsAskedOfTheSettings(t *testing.T) {
	for _, verb := range []control.Verb{control.VerbUpdate, control.VerbReread, control.VerbCheck} {
		a := asked(t, mixed(), control.Request{Verb: verb, Set: []string{"A=1"}}, func(h *Handler) {
			h.Configure = configureEcho
		})
		if want := []string{string(verb) + " A=1"}; !slices.Equal(a.words(), want) || a.code != 42 || a.err == nil {
			t.Errorf("%s: got %q, code %d and %v, want what the settings say", verb, a.words(), a.code, a.err)
		}
	}
}
