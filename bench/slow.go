package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync"
	"time"

	"percore/bench/load"
	"percore/bench/page"
	"percore/bench/subject"
	"percore/e2e/proc"
	"percore/e2e/program"
)

// crowd is a kind of slow clients that others are measured beside.
type crowd struct {
	part, title string
	clients     load.CrowdSpec
}

// crowds have 100 clients on two workers. A body is longer than what any proxy keeps in memory, and neither it nor the
// answer ends while others are measured.
func crowds() []crowd {
	return []crowd{
		{slowUploadsPart, "100 slow uploads", load.CrowdSpec{Clients: 100, Upload: 256 << 10, Rate: 10e3, Service: slowService}},
		{slowReadersPart, "100 slow readers", load.CrowdSpec{Clients: 100, Answer: 4 << 20, Rate: 20e3, Service: slowService}},
	}
}

const (
	slowService  = 5 * time.Millisecond
	slowPatience = 2 * time.Second // then one of the others hangs up
	slowRounds   = 3               // of a run without slow clients and one beside them
	slowGather   = 5 * time.Second // that they have to begin in; those of a proxy that does not hold bodies cannot
)

// others are the requests that are measured: half of what two workers can do.
func others() load.Scenario {
	return load.Scenario{Name: "others", Workers: 2, Load: 0.5, Mean: slowService, Constant: true}
}

// slowContenders are the proxies that hold bodies.
func slowContenders(o options) []contender {
	return wanted(o, []contender{
		{name: "percore, one at a time", subject: subject.Percore(o.percore), discipline: subject.OneAtATime, holds: true},
		{name: "percore", subject: subject.Percore(o.percore), discipline: subject.LeastConn, holds: true},
		{name: "nginx least_conn, zone", subject: subject.Nginx(false), discipline: subject.LeastConn, holds: true},
	})
}

// slowTrial is one contender with one crowd.
type slowTrial struct {
	*trial
	crowd
	without, beside []load.Reply
	length          time.Duration // of all that was planned, without and beside alike
	lost, late      int           // slow clients that were cut off, and those that could not begin, in all rounds
	resident        int64         // bytes, beside the crowd, at the end of a round
}

// measureSlow runs all contenders at the same time, without the crowd and beside it in turns.
func (l *lab) measureSlow(ctx context.Context, b *board, o options, c crowd) {
	var trials []*slowTrial
	for _, t := range l.muster(ctx, slowContenders(o), others(), "") {
		trials = append(trials, &slowTrial{trial: t, crowd: c})
	}
	l.note("%s: %d trials of %d times %s without and %s beside", c.part, len(trials), slowRounds, o.slow, o.slow)
	for range slowRounds {
		var all sync.WaitGroup
		start := time.Now().Add(100 * time.Millisecond)
		for _, t := range trials {
			all.Go(func() { t.without = append(t.without, t.ask(ctx, start, o.slow)...) })
		}
		all.Wait()
		besideAll(ctx, trials, o.slow)
		for _, t := range trials {
			if err := waitServing(ctx, t.runner.process, t.runner.port, "/1"); err != nil {
				l.note("%s %s: %v", t.contender.name, c.part, err)
			}
		}
	}
	for _, t := range trials {
		t.runner.process.End()
	}
	b.slow = append(b.slow, trials...)
}

// besideAll gathers the crowds of all trials, asks beside them, and sends them home.
func besideAll(ctx context.Context, trials []*slowTrial, length time.Duration) {
	slow, end := context.WithCancel(ctx)
	defer end()
	clients := make([]*load.Crowd, len(trials))
	var all sync.WaitGroup
	for i, t := range trials {
		clients[i] = t.gather(slow)
	}
	_ = program.Await(slowGather, "slow clients", func() bool { // one that streams is measured with those that have begun
		for i, t := range trials {
			if clients[i].Begun() < t.clients.Clients && ctx.Err() == nil {
				return false
			}
		}
		return true
	})
	start := time.Now().Add(100 * time.Millisecond)
	for i, t := range trials {
		t.late += clients[i].Clients - clients[i].Begun()
		all.Go(func() { t.beside = append(t.beside, t.ask(ctx, start, length)...) })
	}
	all.Wait()
	for i, t := range trials {
		t.length += length
		t.lost += clients[i].Lost()
		t.resident, _ = proc.ReadRSS(t.runner.counted) // 0 shows as a dash
	}
	end()
	for i := range trials {
		clients[i].Wait()
	}
}

func (t *slowTrial) gather(ctx context.Context) *load.Crowd {
	c := &load.Crowd{CrowdSpec: t.clients, Address: program.Loopback(t.runner.port)}
	c.Start(ctx)
	return c
}

func (t *slowTrial) ask(ctx context.Context, start time.Time, length time.Duration) []load.Reply {
	clients := &load.Open{Address: program.Loopback(t.runner.port), Patience: slowPatience}
	return clients.Run(ctx, start, t.Plan(length))
}

// throughput is how many requests per second were answered with 200.
func (t *slowTrial) throughput(replies []load.Reply) float64 {
	good, _ := sorted(replies)
	return float64(good) / t.length.Seconds()
}

// p99 is in milliseconds. A request without a good answer counts as one that took all of its client's patience.
func (t *slowTrial) p99(replies []load.Reply) float64 {
	_, latencies := sorted(replies)
	return percentile(latencies, 99)
}

// sorted counts the good answers and lists how long all requests took, in milliseconds.
func sorted(replies []load.Reply) (good int, latencies []float64) {
	for _, r := range replies {
		if r.Status == 200 {
			good++
			latencies = append(latencies, r.Latency.Seconds()*1000)
		} else {
			latencies = append(latencies, max(slowPatience, r.Latency).Seconds()*1000)
		}
	}
	return good, latencies
}

// slowRatio divides a figure beside a crowd by the same without it, for percore with one request at a time; NaN when it
// was not measured, or the machine was too busy for it.
func slowRatio(trials []*slowTrial, part string, figure func(*slowTrial, []load.Reply) float64) float64 {
	for _, t := range trials {
		if t.part == part && t.contender.name == "percore, one at a time" && !tooLate(t.Mean, t.lateness()) {
			return figure(t, t.beside) / figure(t, t.without)
		}
	}
	return math.NaN()
}

func (t *slowTrial) lateness() float64 {
	return latenessOf(slices.Concat(t.without, t.beside))
}

// slowTables is one table per crowd.
func slowTables(trials []*slowTrial) []page.Table {
	var tables []page.Table
	for _, c := range crowds() {
		t := page.Table{
			Title: "Two workers that take one request at a time, without and beside " + c.title,
			Header: []string{
				"proxy", "answers/s", "beside", "×", "p50 ms", "beside", "p99 ms", "beside", "p99 without ÷ beside", "not 200 beside", "MB beside",
			},
		}
		late := 0.0
		for _, trial := range trials {
			if trial.part == c.part {
				t.Rows = append(t.Rows, trial.line())
				t.Note += trial.notes()
				late = max(late, trial.lateness())
			}
		}
		if len(t.Rows) > 0 {
			t.Note += latenessNote(slowService, late)
			tables = append(tables, t)
		}
	}
	return tables
}

func (t *slowTrial) line() []string {
	good, without := sorted(t.without)
	goodBeside, beside := sorted(t.beside)
	p99, p99Beside := percentile(without, 99), percentile(beside, 99)
	return []string{
		t.contender.name,
		page.Figure(t.throughput(t.without), 1), page.Figure(t.throughput(t.beside), 1),
		page.Figure(float64(goodBeside)/float64(good), 2),
		page.Figure(percentile(without, 50), 1), page.Figure(percentile(beside, 50), 1),
		page.Figure(p99, 1), page.Figure(p99Beside, 1), page.Figure(p99/p99Beside, 2),
		strconv.Itoa(len(beside) - goodBeside), page.Mega(t.resident),
	}
}

// notes says what of the crowd was not as it was meant.
func (t *slowTrial) notes() string {
	text := ""
	all := slowRounds * t.clients.Clients
	if t.late > 0 {
		text += fmt.Sprintf("%s: %d of %d slow clients could not begin: the workers are occupied\n", t.contender.name, t.late, all)
	}
	if t.lost > 0 {
		text += fmt.Sprintf("%s: %d of %d slow clients were cut off\n", t.contender.name, t.lost, all)
	}
	return text
}
