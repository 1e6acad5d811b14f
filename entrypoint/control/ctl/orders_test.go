package ctl_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"percore/entrypoint/control"
)

func outcomes(list ...control.Outcome) (frames []control.Frame) {
	for i := range list {
		frames = append(frames, control.Frame{Outcome: &list[i]})
	}
	return frames
}

func TestWhatBecameOfAnOrderInALine(t *testing.T) {
	for name, c := range map[string]struct {
		outcome     control.Outcome
		own, strict string
	}{
		"it was done": {
			control.Outcome{Group: "webs", Name: "web-8000", Did: "stopped"},
			"webs:web-8000: stopped",
			"webs:web-8000: stopped",
		},
		"a group of one has one name": {
			control.Outcome{Group: "cron", Name: "cron", Did: "started"}, "cron: started", "cron: started",
		},
		"a whole group": {
			control.Outcome{Group: "webs", Fault: control.NoSuchGroup},
			"webs: ERROR (no such group)",
			"webs: ERROR (no such group)",
		},
		"it was not": {
			control.Outcome{Group: "webs", Name: "web-8000", Did: "started", Fault: control.SpawnError},
			"webs:web-8000: ERROR (spawn error)", "webs:web-8000: ERROR (spawn error)",
		},
		"and why, which supervisorctl omits": {
			control.Outcome{Group: "cron", Name: "cron", Fault: control.Busy, Why: "a rolling restart is under way"},
			"cron: ERROR (busy): a rolling restart is under way", "cron: ERROR (busy)",
		},
	} {
		for _, strict := range []bool{false, true} {
			tool, out := serve(t, &script{frames: outcomes(c.outcome)})
			tool.Strict = strict
			want := c.own
			if strict {
				want = c.strict
			}
			if tool.Run([]string{"stop", "x"}); out.String() != want+"\n" {
				t.Errorf("%s, as supervisorctl %t: got %q, want %q", name, strict, out, want)
			}
		}
	}
}

func TestTheExitCodeIsPID1s(t *testing.T) {
	for _, line := range []string{"start a", "stop a", "restart a", "restart --hard a", "signal HUP a", "scale 2", "drain a", "undrain a", "clear a", "pid a", "status a", "logs a", "tail a"} {
		for _, code := range []int{0, 1, 7} {
			tool, _ := serve(t, &script{code: code})
			if got := tool.Run(strings.Fields(line)); got != code {
				t.Errorf("%s: got code %d, want %d", line, got, code)
			}
		}
	}
}

// supervisorctl's restart is a stop of all, then a start of all; scripts read it so, whatever the order in a roll.
func TestARestartOfSupervisorctlsStopsBeforeItStarts(t *testing.T) {
	rolled := outcomes(
		control.Outcome{Group: "g", Name: "a", Did: "stopped"}, control.Outcome{Group: "g", Name: "a", Did: "started"},
		control.Outcome{Group: "g", Name: "b", Did: "stopped"},
		control.Outcome{Group: "g", Name: "b", Fault: control.SpawnError},
	)
	rolled = append(rolled, control.Frame{Text: "waits for b to be ready"})
	for strict, want := range map[bool]string{
		true:  "g:a: stopped\ng:b: stopped\ng:b: ERROR (spawn error)\ng:a: started\n",
		false: "g:a: stopped\ng:a: started\ng:b: stopped\ng:b: ERROR (spawn error)\nwaits for b to be ready\n",
	} {
		tool, out := serve(t, &script{frames: rolled, code: 7})
		tool.Strict = strict
		if code := tool.Run([]string{"restart", "g:*"}); code != 7 || out.String() != want {
			t.Errorf("as supervisorctl %t: got code %d and\n%s\nwant 7 and\n%s", strict, code, out, want)
		}
	}
}

func TestWhatIsOnlyPercoresIsUnknownToSupervisorctl(t *testing.T) {
	for _, line := range []string{"scale 2", "logs", "drain a", "undrain a", "healthcheck", "update --dry-run"} {
		s := &script{frames: []control.Frame{{Process: &control.Process{Group: "a", Name: "a"}}}}
		tool, out := serve(t, s)
		tool.Strict = true
		code := tool.Run(strings.Fields(line))
		if want := "*** Unknown syntax: " + line + "\n"; line != "update --dry-run" && (code != 1 || out.String() != want) {
			t.Errorf("%s: got code %d and %q, want 1 and %q", line, code, out, want)
		}
	}
	s := &script{}
	tool, _ := serve(t, s)
	tool.Strict = true
	tool.Run([]string{"restart", "--hard", "a"}) // a name like any other
	if got := <-s.requests; got.Hard || !slices.Equal(got.Names, []string{"--hard", "a"}) {
		t.Errorf("got %+v, want two names", got)
	}
	tool, _ = serve(t, s)
	tool.Strict = true
	tool.Run([]string{"status", "--json", "-v"})
	if got := <-s.requests; got.Verbose || len(got.Names) != 2 {
		t.Errorf("got %+v, want two names", got)
	}
}

func TestAReloadReplacesAll(t *testing.T) {
	for code, want := range map[int]string{0: "Restarted supervisord\n", 1: ""} {
		s := &script{frames: outcomes(control.Outcome{Group: "g", Name: "a", Did: "stopped"}), code: code}
		tool, out := serve(t, s)
		tool.Strict = true
		if got := tool.Run([]string{"reload"}); got != code || out.String() != want {
			t.Errorf("got code %d and %q, want %d and %q", got, out, code, want)
		}
		if r := <-s.requests; r.Verb != control.VerbRestart || !slices.Equal(r.Names, []string{"all"}) {
			t.Errorf("got %+v, want a restart of all", r)
		}
	}
}

func TestHealthcheckHasTwoCodes(t *testing.T) {
	for code, want := range map[int]int{0: 0, 1: 1, 2: 1, 4: 1} {
		s := &script{frames: []control.Frame{{Text: "healthy: 1 of 1 workers ready"}}, code: code}
		tool, out := serve(t, s)
		if got := tool.Run([]string{"healthcheck"}); got != want || out.String() != "healthy: 1 of 1 workers ready\n" {
			t.Errorf("code %d of PID 1: got %d and %q, want %d and the line", code, got, out, want)
		}
	}
}

func TestForegroundIsRefusedWithAWayOut(t *testing.T) {
	tool, out := serve(t, &script{frames: []control.Frame{{Process: &control.Process{Group: "g", Name: "a"}}}})
	want := "ERROR: workers have no stdin to connect to; tail -f g:a shows their output\n"
	if code := tool.Run([]string{"fg", "g:a"}); code != 1 || out.String() != want {
		t.Errorf("got code %d and %q, want 1 and %q", code, out, want)
	}
}

func TestAddAndRemoveOfSeveral(t *testing.T) {
	for line, c := range map[string]struct {
		code int
		want string
	}{
		"add webs nope":    {1, "ERROR: process group already active\nERROR: no such process/group: nope\n"},
		"add webs":         {0, "ERROR: process group already active\n"},
		"add":              {0, ""},
		"remove nope webs": {1, "ERROR: no such process/group: nope\nERROR: process/group still running: webs\n"},
		"remove":           {0, ""},
	} {
		tool, out := serve(t, &script{frames: []control.Frame{{Process: &control.Process{Group: "webs", Name: "web-8000"}}}})
		if code := tool.Run(strings.Fields(line)); code != c.code || out.String() != c.want {
			t.Errorf("%s: got code %d and %q, want %d and %q", line, code, out, c.code, c.want)
		}
	}
}

func TestAvailSaysNothingOfWhatIsDown(t *testing.T) {
	tool, out := serve(t, &script{code: 3, frames: []control.Frame{
		{Process: &control.Process{Group: "webs", Name: "web-8000", Priority: 999}},
		{Process: &control.Process{Group: "cron", Name: "cron", Priority: -1}},
	}})
	want := fmt.Sprintf("%-32s in use    auto      999:999\n%-32s in use    auto      -1:-1\n", "webs:web-8000", "cron")
	if code := tool.Run([]string{"avail"}); code != 0 || out.String() != want {
		t.Errorf("got code %d and %q, want 0 and %q", code, out, want)
	}
}
