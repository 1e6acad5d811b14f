package fleet

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"percore/reaper/lifecycle"
	"percore/reaper/socket"
)

// muster makes a roster of programs, none of which has been started.
func muster(programs ...Program) *roster {
	r := &roster{sockets: socket.NewFolders(nil)}
	for _, p := range programs {
		p.Workers = max(p.Workers, 1)
		r.fill(r.addPool(&p))
	}
	return r
}

func named(group, name string, workers, priority int) Program {
	return Program{Group: group, Name: name, Workers: workers, Role: Role{Priority: priority}}
}

func titles(list []*worker) string {
	var names []string
	for _, w := range list {
		names = append(names, w.title)
	}
	return strings.Join(names, " ")
}

func TestWorkersStandInTheOrderOfTheirStart(t *testing.T) {
	r := muster(named("b", "b", 2, 5), named("c", "c", 1, 5), named("a", "a", 1, -1), named("d", "d", 1, 9))
	if got, want := titles(r.workers), "a:a b:b-0 b:b-1 c:c d:d"; got != want {
		t.Errorf("got %s, want %s: by priority, then as they were named", got, want)
	}
}

func TestASeatIsFreeAgainWhenItsWorkerHasGone(t *testing.T) {
	web := named("web", "web", 3, 0)
	web.Traffic = true
	r := muster(web, named("side", "side", 1, 1))
	seats := func() (list []int) {
		for _, w := range r.workers {
			list = append(list, w.seat)
		}
		return list
	}
	if got, want := seats(), []int{0, 1, 2, -1}; !slices.Equal(got, want) {
		t.Errorf("at first: got %v, want %v", got, want)
	}
	pool, gone := r.pools[0], r.workers[2]
	pool.size = 2
	gone.withheld, gone.starts, gone.streak = true, 7, 2
	r.dismantle()
	if got, want := seats(), []int{0, 1, -1}; !slices.Equal(got, want) || gone.seat != -1 {
		t.Errorf("one less: got %v and %d for the one that went, want %v and -1", got, gone.seat, want)
	}
	pool.size = 4
	added := r.fill(pool)
	if got, want := seats(), []int{0, 1, 2, 3, -1}; !slices.Equal(got, want) {
		t.Errorf("two more: got %v, want %v", got, want)
	}
	if len(added) != 2 || added[0] != gone || gone.withheld || gone.starts != 7 {
		t.Errorf("got %s, want the one that went, with its history and without the order to drain it", titles(added))
	}
	if again := r.fill(pool); len(again) > 0 {
		t.Errorf("nothing is missing: got %s", titles(again))
	}
}

func TestOnlyWhatHasEndedIsDismantled(t *testing.T) {
	for state, want := range map[lifecycle.State]int{
		lifecycle.StateStopped: 1, lifecycle.StateExited: 1, lifecycle.StateFatal: 1,
		lifecycle.StateStarting: 2, lifecycle.StateRunning: 2, lifecycle.StateDraining: 2, lifecycle.StateStopping: 2, lifecycle.StateBackoff: 2,
	} {
		r := muster(named("web", "web", 2, 0))
		r.pools[0].size, r.workers[1].state = 1, state
		if r.dismantle(); len(r.workers) != want {
			t.Errorf("%v: got %d workers, want %d", state, len(r.workers), want)
		}
	}
}

func TestAGroupIsFoundByItsNameOrByItsTraffic(t *testing.T) {
	front, web, side := named("percore", "front", 1, -1), named("web", "web", 1, 0), named("side", "side", 1, 1)
	front.Internal, web.Traffic = true, true
	for name, c := range map[string]struct {
		programs []Program
		group    string
		want     string // empty is none
	}{
		"by its name":                       {[]Program{front, side, web}, "side", "side"},
		"percore's own, by its name":        {[]Program{front, web}, "percore", "percore"},
		"the one with traffic":              {[]Program{front, side, web}, "", "web"},
		"without traffic, the first":        {[]Program{front, side, named("z", "z", 1, 0)}, "", "side"},
		"percore's own is not meant by all": {[]Program{front}, "", ""},
		"no such name":                      {[]Program{front, web}, "none", ""},
	} {
		got := ""
		if p := muster(c.programs...).poolOf(c.group); p != nil {
			got = p.program.Group
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	r := muster(web, side)
	r.pools[0].size = 0 // an update has taken it away
	if p := r.poolOf(""); p == nil || p.program.Group != "side" {
		t.Errorf("traffic that was taken away: got %+v, want side", p)
	}
	if p := r.poolFor(&Program{Group: "web", Name: "web"}); p != r.pools[0] {
		t.Errorf("by both names: got %+v, want the first", p)
	}
	if p := r.poolFor(&Program{Group: "web", Name: "other"}); p != nil {
		t.Errorf("by one name: got %+v, want none", p)
	}
}

func TestProcessesAreFoundByTheirTitles(t *testing.T) {
	r := muster(named("web", "web", 3, 0))
	if got, err := r.find([]string{"web:web-1", "web:web-0", "web:web-1"}); err != nil || titles(got) != "web:web-1 web:web-0" {
		t.Errorf("got %s and %v, want each once, in the order of the question", titles(got), err)
	}
	if _, err := r.find([]string{"web:web-0", "web:web-9"}); !errors.Is(err, ErrNoProcess) || !strings.Contains(err.Error(), "web:web-9") {
		t.Errorf("got %v, want which there is not", err)
	}
	r.pools[0].size = 2
	if _, err := r.find([]string{"web:web-2"}); !errors.Is(err, ErrNoProcess) {
		t.Errorf("one on its way out: got %v, want none", err)
	}
}

func TestASiblingHoldsWhoeverHasTriesLeftOrHasLasted(t *testing.T) {
	p := named("web", "web", 2, 0)
	p.Policy = lifecycle.Policy{StartRetries: 3, StartSecs: time.Minute}
	for name, c := range map[string]struct {
		change        func(*worker)
		serves, holds bool
	}{
		"it is not there":                     {func(*worker) {}, false, false},
		"it serves":                           {func(w *worker) { w.ready, w.started = true, time.Now() }, true, true},
		"it is drained by order":              {func(w *worker) { w.ready, w.withheld = true, true }, false, false},
		"its own retries are spent":           {func(w *worker) { w.ready, w.started, w.streak = true, time.Now(), 4 }, true, false},
		"they are spent, but now it lasts":    {func(w *worker) { w.ready, w.started, w.streak = true, time.Now().Add(-time.Hour), 4 }, true, true},
		"its retries are nearly spent":        {func(w *worker) { w.ready, w.started, w.streak = true, time.Now(), 3 }, true, true},
		"it is of another pool":               {func(w *worker) { w.ready, w.pool = true, new(pool) }, false, false},
		"it has been ready, and is no longer": {func(w *worker) { w.wasReady, w.proven = true, true }, false, false},
	} {
		r := muster(p)
		c.change(r.workers[1])
		if got := r.siblingServes(r.workers[0]); got != c.serves {
			t.Errorf("%s: got it serving: %v, want %v", name, got, c.serves)
		}
		if got := r.siblingHolds(r.workers[0]); got != c.holds {
			t.Errorf("%s: got it holding: %v, want %v", name, got, c.holds)
		}
	}
}

func TestTheStopsBudgetIsSharedByPriorities(t *testing.T) {
	front := named("percore", "front", 1, -9)
	front.Internal = true
	r := muster(named("a", "a", 2, 9), named("b", "b", 1, 5), named("c", "c", 1, 5), named("d", "d", 1, 1), front)
	for _, w := range r.workers {
		w.state = lifecycle.StateRunning
	}
	for priority, want := range map[int]int{9: 3, 5: 2, 1: 1, -9: 1} {
		if got := r.roundsFrom(priority); got != want {
			t.Errorf("from %d down: got %d rounds, want %d, percore's own not counted", priority, got, want)
		}
	}
	for _, w := range r.workers {
		if w.program.Priority == 5 {
			w.state = lifecycle.StateStopped
		}
	}
	if got := r.roundsFrom(9); got != 2 {
		t.Errorf("without what has stopped: got %d rounds, want 2", got)
	}
}
