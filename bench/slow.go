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
	without, beside asked
	lost, late      int   // slow clients that were cut off, and those that could not begin, in all rounds
	resident        int64 // bytes, beside the crowd, at the end of a round
}

// asked is what became of the requests of the others.
type asked struct {
	replies []load.Reply
	length  time.Duration // over which they were planned
}

func (a *asked) add(replies []load.Reply, length time.Duration) {
	a.replies = append(a.replies, replies...)
	a.length += length
}

// measureSlow asks all contenders at the same time, while one of them in turn has the crowd, or none has: what the crowd
// costs the machine is then in the figures without it as well, and what differs is the proxy.
func (l *lab) measureSlow(ctx context.Context, b *board, o options, c crowd) {
	var trials []*slowTrial
	for _, t := range l.muster(ctx, slowContenders(o), others(), "") {
		trials = append(trials, &slowTrial{trial: t, crowd: c})
	}
	l.note("%s: %d times %d runs of %s", c.part, slowRounds, len(trials)+1, o.slow)
	for range slowRounds {
		askAll(ctx, trials, nil, o.slow)
		for _, t := range trials {
			besideCrowd(ctx, trials, t, o.slow)
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

// besideCrowd gathers the crowd of one trial, asks all, and sends it home.
func besideCrowd(ctx context.Context, trials []*slowTrial, t *slowTrial, length time.Duration) {
	slow, end := context.WithCancel(ctx)
	defer end()
	clients := t.gather(slow)
	askAll(ctx, trials, t, length)
	t.lost += clients.Lost()
	t.resident, _ = proc.ReadRSS(t.runner.counted) // 0 shows as such
	end()
	clients.Wait()
}

// askAll asks all at the same time. One of them may have slow clients.
func askAll(ctx context.Context, trials []*slowTrial, crowded *slowTrial, length time.Duration) {
	var all sync.WaitGroup
	start := time.Now().Add(100 * time.Millisecond)
	for _, t := range trials {
		all.Go(func() {
			clients := &load.Open{Address: program.Loopback(t.runner.port), Patience: slowPatience}
			replies := clients.Run(ctx, start, t.Plan(length))
			if t == crowded {
				t.beside.add(replies, length)
			} else {
				t.without.add(replies, length)
			}
		})
	}
	all.Wait()
}

// gather starts the crowd and returns when all of it have begun, or as many as a proxy lets that does not hold bodies.
func (t *slowTrial) gather(ctx context.Context) *load.Crowd {
	c := &load.Crowd{CrowdSpec: t.clients, Address: program.Loopback(t.runner.port)}
	c.Start(ctx)
	begun := func() bool { return c.Begun() == c.Clients || ctx.Err() != nil }
	if err := program.Await(slowGather, "slow clients", begun); err != nil {
		t.late += c.Clients - c.Begun()
	}
	return c
}

// throughput is how many requests per second were answered with 200.
func (a *asked) throughput() float64 {
	good, _ := sorted(a.replies)
	return float64(good) / a.length.Seconds()
}

// p99 is in milliseconds. A request without a good answer counts as one that took all of its client's patience.
func (a *asked) p99() float64 { return a.percentile(99) }
func (a *asked) p50() float64 { return a.percentile(50) }

func (a *asked) percentile(p float64) float64 {
	_, latencies := sorted(a.replies)
	return percentile(latencies, p)
}

// failed counts the requests without a good answer.
func (a *asked) failed() int {
	good, _ := sorted(a.replies)
	return len(a.replies) - good
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
func slowRatio(trials []*slowTrial, part string, figure func(*asked) float64) float64 {
	for _, t := range trials {
		if t.part == part && t.contender.name == "percore, one at a time" && !tooLate(t.Mean, t.lateness()) {
			return figure(&t.beside) / figure(&t.without)
		}
	}
	return math.NaN()
}

func (t *slowTrial) lateness() float64 {
	return latenessOf(slices.Concat(t.without.replies, t.beside.replies))
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
	both := func(figure func(*asked) float64) []string {
		return []string{page.Figure(figure(&t.without), 1), page.Figure(figure(&t.beside), 1)}
	}
	return slices.Concat(
		[]string{t.contender.name},
		both((*asked).throughput), []string{page.Figure(t.beside.throughput()/t.without.throughput(), 2)},
		both((*asked).p50), both((*asked).p99), []string{page.Figure(t.without.p99()/t.beside.p99(), 2)},
		[]string{strconv.Itoa(t.beside.failed()), page.Mega(t.resident)},
	)
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
