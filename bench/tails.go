package main

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"percore/e2e/proc"
)

// contender is a proxy with a way to spread requests.
type contender struct {
	name       string
	subject    subject
	discipline discipline
}

func contenders(o options) []contender {
	all := []contender{
		{"percore, one at a time", percoreSubject(o.percore), oneAtATime},
		{"percore", percoreSubject(o.percore), leastConn},
		{"nginx round robin", nginxSubject(false), roundRobin},
		{"nginx least_conn, zone", nginxSubject(false), leastConn},
		{"haproxy leastconn", haproxySubject(false), leastConn},
		{"haproxy maxconn 1", haproxySubject(false), oneAtATime},
	}
	var chosen []contender
	for _, c := range all {
		if contains(o.subjects, c.subject.name) {
			chosen = append(chosen, c)
		}
	}
	return chosen
}

// trial is one contender in one scenario.
type trial struct {
	contender
	scenario
	runner  *runner
	replies []reply
	memory  []int64 // resident bytes at the start, the middle and the end
}

// patience is how long a client of the tails waits: for ever, as far as a benchmark goes.
const patience = time.Minute

// measureTails runs all contenders of a scenario at the same time: they sleep, and share whatever disturbs the machine.
func (l *lab) measureTails(ctx context.Context, b *board, o options) {
	for _, s := range tailScenarios() {
		trials := l.muster(ctx, o, s, "")
		l.note("%s: %d trials of %s", s.name, len(trials), o.tail)
		l.race(ctx, trials, o.tail, patience)
		b.tails = append(b.tails, trials...)
	}
}

// muster starts the contenders of a scenario, each with workers of its own.
func (l *lab) muster(ctx context.Context, o options, s scenario, queueWait string) []*trial {
	var trials []*trial
	for _, c := range contenders(o) {
		r, err := l.enter(ctx, c, s, queueWait)
		if err != nil {
			l.note("SKIPPED %s, %s: %v", c.name, s.name, err)
			continue
		}
		trials = append(trials, &trial{contender: c, scenario: s, runner: r})
	}
	return trials
}

func (l *lab) enter(ctx context.Context, c contender, s scenario, queueWait string) (*runner, error) {
	up := setup{variant: plain(), workers: s.workers, discipline: c.discipline, queueWait: queueWait, worker: []string{l.tools.sleeper, "--port={port}"}}
	if c.subject.name != "percore" {
		port, err := freePorts(s.workers)
		if err != nil {
			return nil, err
		}
		up.upstreams = loopback(port, s.workers)
		if _, err := l.start(anyCPU, []string{l.tools.sleeper, "--port=" + strconv.Itoa(port), "--count=" + strconv.Itoa(s.workers)}, nil); err != nil {
			return nil, err
		}
	}
	return l.launchAs(ctx, c.subject, up, anyCPU, "/1")
}

// race runs all trials at once, then stops their proxies.
func (l *lab) race(ctx context.Context, trials []*trial, length, patience time.Duration) {
	start := time.Now().Add(200 * time.Millisecond)
	var all sync.WaitGroup
	for _, t := range trials {
		all.Go(func() {
			load := &openLoop{address: "127.0.0.1:" + strconv.Itoa(t.runner.port), patience: patience}
			t.replies = load.run(ctx, start, t.plan(length))
		})
		all.Go(func() { t.watchMemory(ctx, start, length) })
	}
	all.Wait()
	for _, t := range trials {
		t.runner.process.stop()
	}
}

func (t *trial) watchMemory(ctx context.Context, start time.Time, length time.Duration) {
	for _, share := range []float64{0.1, 0.5, 0.95} {
		if !pause(ctx, time.Until(start.Add(time.Duration(share*float64(length))))) {
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
		if r.status == 200 {
			good = append(good, r.latency.Seconds()*1000)
		} else {
			failed++
		}
	}
	return good, failed
}

// lateness is the 99th percentile of how late requests were sent, in milliseconds: it is part of every latency.
func lateness(trials []*trial) float64 {
	var late []float64
	for _, t := range trials {
		for _, r := range t.replies {
			late = append(late, r.late.Seconds()*1000)
		}
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
	if len(chosen) > 0 && tooLate(chosen[0].mean, lateness(chosen)) {
		return nil
	}
	return chosen
}

// trialsOf are those of one scenario.
func trialsOf(trials []*trial, name string) []*trial {
	var chosen []*trial
	for _, t := range trials {
		if t.scenario.name == name {
			chosen = append(chosen, t)
		}
	}
	return chosen
}

// tailTables is one table per scenario.
func tailTables(trials []*trial) []table {
	var tables []table
	byName := map[string]int{}
	for _, t := range trials {
		at, ok := byName[t.scenario.name]
		if !ok {
			at = len(tables)
			byName[t.scenario.name] = at
			tables = append(tables, table{
				title:  t.title,
				header: []string{"proxy", "requests", "not 200", "p50 ms", "p99 ms", "p99.9 ms", "p99 × haproxy maxconn 1", "p99 × nginx round robin"},
				note:   latenessNote(t.mean, lateness(trialsOf(trials, t.scenario.name))),
			})
		}
		good, failed := t.latencies()
		p99 := percentile(good, 99)
		tables[at].rows = append(tables[at].rows, []string{
			t.contender.name, strconv.Itoa(len(t.replies)), strconv.Itoa(failed),
			figure(percentile(good, 50), 1), figure(p99, 1), figure(percentile(good, 99.9), 1),
			figure(p99/p99Of(trials, t.scenario.name, "haproxy maxconn 1"), 2), figure(p99/p99Of(trials, t.scenario.name, "nginx round robin"), 2),
		})
	}
	return tables
}

// p99Of is NaN when that contender did not take part.
func p99Of(trials []*trial, scenario, contender string) float64 {
	for _, t := range trials {
		if t.scenario.name == scenario && t.contender.name == contender {
			good, _ := t.latencies()
			return percentile(good, 99)
		}
	}
	return percentile(nil, 99)
}
