package fleet

import (
	"errors"
	"log/slog"
	"syscall"
	"testing"
	"time"

	"percore/reaper"
	"percore/reaper/lifecycle"
)

func TestAWorkersAddressIsWhereTheFrontDoorConnects(t *testing.T) {
	for want, p := range map[string]Program{
		"":                   {Workers: 1},
		"127.0.0.1:8001":     {Workers: 2, PortsFrom: 8000},
		"unix:/run/1/w.sock": {Workers: 2, PortsFrom: 8000, Sockets: true},
	} {
		w := newWorker(&pool{program: &p}, p.Workers-1)
		w.socket = "/run/1/w.sock"
		if got := w.address(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestTheEndOfAProcessForgetsAllOfIt: what stays is the slot, its record, and what it wrote.
func TestTheEndOfAProcessForgetsAllOfIt(t *testing.T) {
	first, second := named("web", "web", 1, 0), named("web", "web", 1, 0)
	w := newWorker(&pool{program: &first}, 0)
	alive(w)
	stopped := 0
	w.stopProbe, w.stopWeighing = func() { stopped++ }, func() { stopped++ }
	w.ready, w.wasReady, w.hung, w.drained, w.killed, w.misspoken, w.unreadiness = true, true, true, true, true, true, "why"
	w.proven, w.withheld, w.streak, w.starts, w.next = true, true, 3, 9, &second
	w.forgetProcess()
	if stopped != 2 {
		t.Errorf("got %d of its goroutines stopped, want 2", stopped)
	}
	if w.alive() || w.pid() != 0 || w.ready || w.wasReady || w.hung || w.drained || w.killed || w.misspoken || w.unreadiness != "" {
		t.Errorf("got %+v, want nothing of the process", w.life)
	}
	if !w.proven || !w.withheld || w.streak != 3 || w.starts != 9 {
		t.Error("what belongs to the slot: got it forgotten as well")
	}
	if w.program != &second || w.next != nil {
		t.Error("what the next process is to be: got it not taken over")
	}
	w.stopProbe() // may be called again
}

func TestAFailedStartIsToldByItsReason(t *testing.T) {
	for name, c := range map[string]struct {
		last ending
		want error
	}{
		"it died":               {ending{judged: lifecycle.EventFailed, code: 127, reason: "r"}, ErrSpawn},
		"no such command":       {ending{judged: lifecycle.EventUnrunnable, code: 127, reason: "r"}, ErrNoFile},
		"it may not be run":     {ending{judged: lifecycle.EventUnrunnable, code: 126, reason: "r"}, ErrNotExecutable},
		"another refusal of it": {ending{judged: lifecycle.EventUnrunnable, code: 1, reason: "r"}, ErrSpawn},
	} {
		w := &worker{record: record{last: c.last}}
		if err := w.failedToStart(); !errors.Is(err, c.want) || err.Error() != c.want.Error()+": r" {
			t.Errorf("%s: got %v, want %v with the reason", name, err, c.want)
		}
	}
}

func TestAnEndInWords(t *testing.T) {
	exit := reaper.Exit{Signal: syscall.SIGKILL, Uptime: 90 * time.Second}
	left := exit
	left.Leftovers = "77 (sleep)"
	for want, c := range map[string]struct {
		life        lifecycle.Life
		unreadiness string
	}{
		"killed by SIGKILL after 1m30s":                                            {lifecycle.Life{Exit: exit}, ""},
		"killed by SIGKILL after 1m30s (out of memory)":                            {lifecycle.Life{Exit: exit, OOMKilled: true}, ""},
		"killed by SIGKILL after 1m30s; it was not ready: no answer":               {lifecycle.Life{Exit: exit}, "no answer"},
		"killed by SIGKILL after 1m30s; what it left behind was ended: 77 (sleep)": {lifecycle.Life{Exit: left}, ""},
	} {
		if got := endInWords(c.life, c.unreadiness); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestTheOutlookOfEachState(t *testing.T) {
	for state, want := range map[lifecycle.State]struct {
		level slog.Level
		text  string
	}{
		lifecycle.StateStarting: {slog.LevelWarn, "restarted"}, lifecycle.StateBackoff: {slog.LevelWarn, "backoff 500ms"},
		lifecycle.StateFatal: {slog.LevelError, "fatal"}, lifecycle.StateExited: {slog.LevelInfo, "exited"}, lifecycle.StateStopped: {slog.LevelInfo, "stopped"},
	} {
		if level, text := outlook(state, 500*time.Millisecond); level != want.level || text != want.text {
			t.Errorf("%v: got %v %q, want %v %q", state, level, text, want.level, want.text)
		}
	}
}
