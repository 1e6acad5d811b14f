package main

import (
	"context"
	"fmt"
	"math"
	"time"

	"percore/bench/load"
	"percore/bench/page"
)

const (
	overloadLength   = 12 * time.Second
	overloadPatience = time.Second     // then a client hangs up
	overloadQueue    = "500ms"         // how long a request may wait, in proxies that have a queue
	overloadSettled  = 2 * time.Second // what comes before is not counted: the queue is filling
)

// measureOverload sends five times as many requests as the workers can answer, to proxies that queue and proxies that do not.
func (l *lab) measureOverload(ctx context.Context, b *board, o options) {
	trials := l.muster(ctx, contenders(o), load.Overload(), overloadQueue)
	l.note("overload: %d trials of %s", len(trials), overloadLength)
	l.race(ctx, trials, overloadLength, overloadPatience)
	b.overload = trials
}

// goodput is the share of the workers' capacity that reached clients who still waited for it, after the queue has filled.
func (t *trial) goodput() (share float64, latencies []float64) {
	plan := t.Plan(overloadLength)
	for i, r := range t.replies {
		if r.Status == 200 && r.Latency <= overloadPatience && plan[i].At >= overloadSettled {
			latencies = append(latencies, r.Latency.Seconds()*1000)
		}
	}
	return float64(len(latencies)) / (t.Capacity() * (overloadLength - overloadSettled).Seconds()), latencies
}

func overloadTable(trials []*trial) page.Table {
	t := page.Table{
		Title:  "Overload: " + load.Overload().Title,
		Header: []string{"proxy", "goodput, % of capacity", "p50 ms", "p99 ms", "MB at 10 %", "MB at 50 %", "MB at 95 %"},
		Note: fmt.Sprintf("Goodput counts answers with status 200 within %s of the scheduled send; then the client hangs up. Where a proxy has a queue, a request waits there for at most %s. ",
			overloadPatience, overloadQueue) + latenessNote(load.Overload().Mean, lateness(trials)),
	}
	for _, trial := range trials {
		share, latencies := trial.goodput()
		line := []string{trial.contender.name, page.Figure(share*100, 0) + " %", page.Figure(percentile(latencies, 50), 0), page.Figure(percentile(latencies, 99), 0)}
		for _, rss := range trial.memory {
			line = append(line, page.Mega(rss))
		}
		t.Rows = append(t.Rows, line)
	}
	return t
}

// shareOf is the goodput of a contender; NaN when it did not take part.
func shareOf(trials []*trial, name string) float64 {
	for _, t := range trials {
		if t.contender.name == name {
			share, _ := t.goodput()
			return share
		}
	}
	return math.NaN()
}

// growthOf is how much memory a contender gained from the middle of the overload to its end, as a share.
func growthOf(trials []*trial, name string) float64 {
	for _, t := range trials {
		if t.contender.name == name && len(t.memory) == 3 {
			return float64(t.memory[2])/float64(t.memory[1]) - 1
		}
	}
	return math.NaN()
}
