package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"percore/bench/load"
	"percore/bench/machine"
	"percore/bench/page"
	"percore/bench/subject"
	"percore/e2e/proc"
	"percore/e2e/program"
)

// contender is a proxy with a way to spread requests.
type contender struct {
	name       string
	subject    subject.Subject
	discipline subject.Discipline
	holds      bool // bodies
}

func contenders(o options) []contender {
	all := []contender{
		{name: "percore, one at a time", subject: subject.Percore(o.percore), discipline: subject.OneAtATime},
		{name: "percore", subject: subject.Percore(o.percore), discipline: subject.LeastConn},
		{name: "nginx round robin", subject: subject.Nginx(false), discipline: subject.RoundRobin},
		{name: "nginx least_conn, zone", subject: subject.Nginx(false), discipline: subject.LeastConn},
		{name: "haproxy leastconn", subject: subject.HAProxy(false), discipline: subject.LeastConn},
		{name: "haproxy maxconn 1", subject: subject.HAProxy(false), discipline: subject.OneAtATime},
	}
	return wanted(o, all)
}

// wanted leaves out those that were not asked for.
func wanted(o options, all []contender) []contender {
	return slices.DeleteFunc(all, func(c contender) bool { return !slices.Contains(o.subjects, c.subject.Name) })
}

// trial is one contender in one scenario.
type trial struct {
	contender
	load.Scenario
	runner  *runner
	replies []load.Reply
	memory  []int64 // resident bytes at the start, the middle and the end
}

// patience is how long a client of the tails waits: for ever, as far as a benchmark goes.
const patience = time.Minute

// measureTails runs all contenders of a scenario at the same time: they sleep, and share whatever disturbs the machine.
func (l *lab) measureTails(ctx context.Context, b *board, o options) {
	for _, s := range load.TailScenarios() {
		trials := l.muster(ctx, contenders(o), s, "")
		l.note("%s: %d trials of %s", s.Name, len(trials), o.tail)
		l.race(ctx, trials, o.tail, patience)
		b.tails = append(b.tails, trials...)
	}
}

// muster starts the contenders of a scenario, each with workers of its own.
func (l *lab) muster(ctx context.Context, field []contender, s load.Scenario, queueWait string) []*trial {
	var trials []*trial
	for _, c := range field {
		r, err := l.enter(ctx, c, s, queueWait)
		if err != nil {
			l.note("SKIPPED %s, %s: %v", c.name, s.Name, err)
			continue
		}
		trials = append(trials, &trial{contender: c, Scenario: s, runner: r})
	}
	return trials
}

func (l *lab) enter(ctx context.Context, c contender, s load.Scenario, queueWait string) (*runner, error) {
	variant := subject.Plain()
	if c.holds {
		variant = subject.Holding()
	}
	up := subject.Setup{Variant: variant, Workers: s.Workers, Discipline: c.discipline, QueueWait: queueWait, Bodies: l.bodiesOf(variant)}
	up.Worker = []string{l.programs.Sleeper, "--port={port}"}
	if c.subject.Name != "percore" {
		ports, err := program.FreePorts(s.Workers) // the run's, to its end
		if err != nil {
			return nil, err
		}
		port := ports.First
		up.Upstreams = subject.Loopback(port, s.Workers)
		if _, err := l.start(machine.AnyCPU, []string{l.programs.Sleeper, "--port=" + strconv.Itoa(port), "--count=" + strconv.Itoa(s.Workers)}, nil); err != nil {
			return nil, err
		}
	}
	return l.launchAs(ctx, c.subject, up, machine.AnyCPU, "/1")
}

// race runs all trials at once, then stops their proxies.
func (l *lab) race(ctx context.Context, trials []*trial, length, patience time.Duration) {
	start := time.Now().Add(200 * time.Millisecond)
	var all sync.WaitGroup
	for _, t := range trials {
		all.Go(func() {
			clients := &load.Open{Address: program.Loopback(t.runner.port), Patience: patience}
			t.replies = clients.Run(ctx, start, t.Plan(length))
		})
		all.Go(func() { t.watchMemory(ctx, start, length) })
	}
	all.Wait()
	for _, t := range trials {
		t.runner.process.End()
	}
}

func (t *trial) watchMemory(ctx context.Context, start time.Time, length time.Duration) {
	for _, share := range []float64{0.1, 0.5, 0.95} {
		if !load.Pause(ctx, time.Until(start.Add(time.Duration(share*float64(length))))) {
			return
		}
		if rss, err := proc.ReadRSS(t.runner.counted); err == nil {
			t.memory = append(t.memory, rss)
		}
	}
}

// latencies of the answers with status 200 in milliseconds, and how many others there were.
func (t *trial) latencies() (good []float64, failed int) {
	for _, r := range t.replies {
		if r.Status == 200 {
			good = append(good, r.Latency.Seconds()*1000)
		} else {
			failed++
		}
	}
	return good, failed
}

// lateness is the 99th percentile of how late requests were sent, in milliseconds: it is part of every latency.
func lateness(trials []*trial) float64 {
	var replies []load.Reply
	for _, t := range trials {
		replies = append(replies, t.replies...)
	}
	return latenessOf(replies)
}

func latenessOf(replies []load.Reply) float64 {
	var late []float64
	for _, r := range replies {
		late = append(late, r.Late.Seconds()*1000)
	}
	return percentile(late, 99)
}

// latenessNote says whether the machine could keep up: where it could not, the sleepers oversleep too, and a load of 70 % is more.
func latenessNote(mean time.Duration, late float64) string {
	note := fmt.Sprintf("Mean service time %s. 99 %% of the requests were sent less than %.1f ms late, which counts as latency.", mean, late)
	if tooLate(mean, late) {
		note += " THE MACHINE WAS TOO BUSY with other work: these figures mean nothing."
	}
	return note
}

// tooLate tells whether a lateness in milliseconds is of the order of what is measured.
func tooLate(mean time.Duration, late float64) bool { return late > mean.Seconds()*1000 }

// settled are the trials of a scenario, or none when the machine was too busy for them to mean anything.
func settled(trials []*trial, name string) []*trial {
	chosen := trialsOf(trials, name)
	if len(chosen) > 0 && tooLate(chosen[0].Mean, lateness(chosen)) {
		return nil
	}
	return chosen
}

// trialsOf are those of one scenario.
func trialsOf(trials []*trial, name string) []*trial {
	var chosen []*trial
	for _, t := range trials {
		if t.Scenario.Name == name {
			chosen = append(chosen, t)
		}
	}
	return chosen
}

// tailTables is one table per scenario.
func tailTables(trials []*trial) []page.Table {
	var tables []page.Table
	byName := map[string]int{}
	for _, t := range trials {
		at, ok := byName[t.Scenario.Name]
		if !ok {
			at = len(tables)
			byName[t.Scenario.Name] = at
			tables = append(tables, page.Table{
				Title:  t.Title,
				Header: []string{"proxy", "requests", "not 200", "p50 ms", "p99 ms", "p99.9 ms", "p99 × haproxy maxconn 1", "p99 × nginx round robin"},
				Note:   latenessNote(t.Mean, lateness(trialsOf(trials, t.Scenario.Name))),
			})
		}
		good, failed := t.latencies()
		p99 := percentile(good, 99)
		tables[at].Rows = append(tables[at].Rows, []string{
			t.contender.name, strconv.Itoa(len(t.replies)), strconv.Itoa(failed),
			page.Figure(percentile(good, 50), 1), page.Figure(p99, 1), page.Figure(percentile(good, 99.9), 1),
			page.Figure(p99/p99Of(trials, t.Scenario.Name, "haproxy maxconn 1"), 2), page.Figure(p99/p99Of(trials, t.Scenario.Name, "nginx round robin"), 2),
		})
	}
	return tables
}

// p99Of is NaN when that contender did not take part.
func p99Of(trials []*trial, scenario, contender string) float64 {
	for _, t := range trials {
		if t.Scenario.Name == scenario && t.contender.name == contender {
			good, _ := t.latencies()
			return percentile(good, 99)
		}
	}
	return percentile(nil, 99)
}
