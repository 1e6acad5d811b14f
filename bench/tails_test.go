package main

import (
	"math"
	"testing"
	"time"

	"percore/bench/load"
	"percore/bench/subject"
)

// replied is a trial in which every request took so many milliseconds, or failed where it says 0.
func replied(name string, d subject.Discipline, s load.Scenario, millis ...int) *trial {
	t := &trial{contender: contender{name: name, discipline: d}, Scenario: s, memory: []int64{5e6, 6e6, 6.03e6}}
	for _, ms := range millis {
		r := load.Reply{Latency: time.Duration(ms) * time.Millisecond, Status: 200}
		if ms == 0 {
			r.Status = 503
		}
		t.replies = append(t.replies, r)
	}
	return t
}

func TestTailTables(t *testing.T) {
	s := load.TailScenarios()[0]
	tables := tailTables([]*trial{
		replied("percore, one at a time", subject.OneAtATime, s, 10, 10, 10, 40),
		replied("nginx round robin", subject.RoundRobin, s, 10, 10, 10, 100),
		replied("haproxy maxconn 1", subject.OneAtATime, s, 10, 10, 40, 0),
		replied("percore", subject.LeastConn, load.TailScenarios()[1], 5),
	})
	if len(tables) != 2 {
		t.Fatalf("got %d tables, want one per scenario", len(tables))
	}
	got := tables[0].Markdown()
	checkText(
		t, got,
		[]string{"70 % load", "| percore, one at a time | 4 | 0 | 10.0 | 39.1 | 39.9 | 0.99 | 0.40 |", "| haproxy maxconn 1 | 4 | 1 |"},
		[]string{"| percore |"},
	)
}

func TestABusyMachineIsNamed(t *testing.T) {
	checkText(t, latenessNote(10*time.Millisecond, 1), []string{"less than 1.0 ms late"}, []string{"TOO BUSY"})
	checkText(t, latenessNote(10*time.Millisecond, 11), []string{"TOO BUSY"}, nil)
	s := load.TailScenarios()[0]
	b := newBoard()
	b.tails = []*trial{replied("percore, one at a time", subject.OneAtATime, s, 10), replied("haproxy maxconn 1", subject.OneAtATime, s, 20)}
	if got := tailRatio(b, s.Name, "haproxy maxconn 1"); got != 0.5 {
		t.Errorf("got %v, want 0.5", got)
	}
	b.tails[1].replies[0].Late = time.Second
	if got := tailRatio(b, s.Name, "haproxy maxconn 1"); !math.IsNaN(got) {
		t.Errorf("got %v on a busy machine, want none", got)
	}
}

func TestOverloadTable(t *testing.T) {
	s := load.Overload()
	good := replied("percore, one at a time", subject.OneAtATime, s)
	for range s.Plan(overloadLength) {
		good.replies = append(good.replies, load.Reply{Status: 503})
	}
	plan := s.Plan(overloadLength)
	for i, n := 0, 0; n < 950; i++ { // 95 % of 100 per second for 10 s
		if plan[i].At >= overloadSettled {
			good.replies[i] = load.Reply{Status: 200, Latency: 500 * time.Millisecond}
			n++
		}
	}
	checkText(t, overloadTable([]*trial{good}).Markdown(), []string{"| percore, one at a time | 95 % | 500 | 500 | 5.0 | 6.0 | 6.0 |"}, nil)
	if got := growthOf([]*trial{good}, "percore, one at a time"); math.Abs(got-0.005) > 1e-9 {
		t.Errorf("growth: got %v, want 0.005", got)
	}
	if got := shareOf(nil, "percore, one at a time"); !math.IsNaN(got) {
		t.Errorf("share of nobody: got %v, want NaN", got)
	}
}
