package main

import (
	"math"
	"testing"
	"time"

	"percore/bench/load"
	"percore/bench/subject"
)

// slowed is a trial of ten seconds in which requests took so many milliseconds, or failed where it says 0.
func slowed(name string, c crowd, without, beside []int) *slowTrial {
	return &slowTrial{
		trial: replied(name, subject.OneAtATime, others()), crowd: c, resident: 8e6,
		without: asked{replied(name, subject.OneAtATime, others(), without...).replies, 10 * time.Second},
		beside:  asked{replied(name, subject.OneAtATime, others(), beside...).replies, 10 * time.Second},
	}
}

func TestSlowTables(t *testing.T) {
	uploads := slowed("percore, one at a time", crowds()[0], []int{5, 5, 5, 10}, []int{5, 5, 5, 20})
	nginx := slowed("nginx least_conn, zone", crowds()[0], []int{5, 5, 5, 10}, []int{5, 5, 10, 0})
	nginx.lost, nginx.late = 2, 98
	tables := slowTables([]*slowTrial{uploads, nginx, slowed("percore", crowds()[1], []int{5}, []int{5})})
	if len(tables) != 2 {
		t.Fatalf("got %d tables, want one per crowd", len(tables))
	}
	checkText(t, tables[0].Markdown(), []string{
		"beside 100 slow uploads", "| percore, one at a time | 0.4 | 0.4 | 1.00 | 5.0 | 5.0 | 9.8 | 19.5 | 0.50 | 0 | 8.0 |",
		"| nginx least_conn, zone | 0.4 | 0.3 | 0.75 | 5.0 | 7.5 | 9.8 | 1940.3 | 0.01 | 1 | 8.0 |",
		"nginx least_conn, zone: 98 of 300 slow clients could not begin", "nginx least_conn, zone: 2 of 300 slow clients were cut off",
		"less than 0.0 ms late",
	}, []string{"| percore |"})
	checkText(t, tables[1].Markdown(), []string{"beside 100 slow readers", "| percore |"}, []string{"could not begin", "cut off"})
}

func TestHeldGoals(t *testing.T) {
	b := newBoard()
	b.slow = []*slowTrial{
		slowed("percore, one at a time", crowds()[0], []int{5, 5, 5, 10}, []int{5, 5, 5, 20}),
		slowed("percore, one at a time", crowds()[1], []int{5, 5, 5, 10}, []int{5, 5, 5, 10}),
	}
	for name, cpu := range map[string]time.Duration{"percore": 200, "nginx": 250} {
		b.cell("upload-1m", name).samples = []sample{sampleOf(1000, cpu*time.Millisecond, 0, 0)}
	}
	checkText(t, goalTable("T", heldGoals(), b).Markdown(), []string{
		"| upload of 1 MiB, × nginx | ≤ 1.00 | 0.80 | – | reached |",
		"| upload of 64 MiB, × nginx | ≤ 1.00 | – | – | not measured |",
		"| answers to others beside 100 slow uploads, of those without | ≥ 95 % | 100 % | – | reached |",
		"| p99 of others without 100 slow uploads, of that beside them | ≥ 95 % | 50 % | – | missed by 47 % |",
		"| p99 of others without 100 slow readers, of that beside them | ≥ 95 % | 100 % | – | reached |",
	}, nil)
}

func TestSlowFiguresOfABusyMachineMeanNothing(t *testing.T) {
	busy := slowed("percore, one at a time", crowds()[0], []int{5}, []int{5})
	busy.beside.replies[0].Late = time.Second
	for _, trials := range [][]*slowTrial{{busy}, nil} {
		if got := slowRatio(trials, slowUploadsPart, (*asked).p99); !math.IsNaN(got) {
			t.Errorf("got %v, want none", got)
		}
	}
}

func TestARequestWithoutAGoodAnswerCountsAsAllOfItsClientsPatience(t *testing.T) {
	good, latencies := sorted([]load.Reply{{Status: 200, Latency: time.Second}, {Status: 503, Latency: time.Millisecond}, {Latency: 3 * time.Second}})
	if good != 1 || len(latencies) != 3 || latencies[0] != 1000 || latencies[1] != 2000 || latencies[2] != 3000 {
		t.Errorf("got %d and %v, want 1 and 1000 2000 3000", good, latencies)
	}
}
