package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"percore/e2e/load"
)

// sample is a small run in which everything happens.
func sample() results {
	lossy := outcome{
		get:   tally{answered: 100, failed: map[load.Kind]int{load.Refused: 7}},
		post:  tally{answered: 20, statuses: map[int]int{502: 3}},
		short: 40 * time.Millisecond,
	}
	clean := outcome{get: tally{answered: 500}, post: tally{answered: 200}, short: 3 * time.Millisecond}
	return results{
		facts:          facts{command: "go run ./bench/zeroloss", versions: []string{"percore 1"}, took: 90 * time.Second},
		configurations: []configuration{{"nginx.conf", "nginx", "events {}\n"}},
		restarts: []trial{
			{stack: percoreWith(asyncApp, 4), outcome: clean, took: 9 * time.Second},
			{stack: supervisordWith(asyncApp, 4), outcome: lossy, took: 4 * time.Second},
			{stack: gunicornWith(4), err: errors.New("start a|b\nmore")},
		},
		kills: []trial{{stack: percoreWith(asyncApp, 4), outcome: outcome{get: tally{answered: 9}, post: tally{answered: 4, statuses: map[int]int{502: 2}}}}},
		stops: []stopping{
			{stack: percoreWith(asyncApp, 4), long: tally{answered: 4}, idle: idleEnds{closed: 20}, took: 3 * time.Second},
			{
				stack: supervisordWith(asyncApp, 4), long: tally{failed: map[load.Kind]int{load.Reset: 4}},
				idle: idleEnds{closed: 1, reset: 18, open: 1}, killed: true, code: -1,
			},
		},
		footprints: []footprint{
			{stack: percoreWith(asyncApp, 2), respawn: []time.Duration{5e6, 3e6, 9e6}, rss: 20000, pss: 18000, processes: 2},
			{stack: supervisordWith(asyncApp, 2), respawn: []time.Duration{1e9}, rss: 40000, pss: 9000, wakeUps: 10, processes: 3},
			{stack: gunicornWith(2), err: errors.New("wait for a|b\nlast words")},
		},
	}
}

func TestThePageSaysWhatTheRunHasShown(t *testing.T) {
	page := sample().page()
	for _, test := range []struct{ name, want string }{
		{"the command that makes it", "    go run ./bench/zeroloss\n"},
		{"how many requests a restart lost", "**Rolling restart**: percore lost 0 of 700 requests in 1 trial."},
		{"how many it lost elsewhere", "**Rolling restart**: supervisord + nginx lost 10 of 130 requests in 1 trial."},
		{"each loss by its kind", "| supervisord + nginx | Tornado, async | 4 | 120 | **10** | 7 refused, 3 status 502 | 40 ms | 4.0 s |"},
		{"no loss in plain type", "| percore | Tornado, async | 4 | 700 | 0 | – | 3.0 ms | 9.0 s |"},
		{"what could not be tried, in one cell", "| gunicorn alone | gunicorn, sync worker | 4 | start a/b |  |"},
		{"GET and POST apart", "| 9 | 0 | – | 4 | **2** | 2 status 502 |"},
		{"that a grace period was over", "| 0 | **4** | 4 reset | 1 | **19** | 0.0 s | killed |"},
		{"how the idle connections ended", "closed 1 idle connection, reset 18 and left 1 open."},
		{"least, median and most", "| 3.0 / 5.0 / 9.0 ms | 1000 / 1000 / 1000 ms | wait for a/b |\n"},
		{"that percore's restart takes longer", "4 workers (Tornado, async) 9.0 s, supervisord + nginx 4.0 s"},
		{"what percore loses", "kill, Tornado, async, 4 workers: 2 requests lost (2 status 502)."},
		{"what is cheaper elsewhere", "Proportional memory (PSS): 18.4 MB, supervisord + nginx has 9.2 MB."},
		{"the configurations", "nginx.conf:\n\n```nginx\nevents {}\n```"},
		{"the versions", "- percore 1\n"},
	} {
		if !strings.Contains(page, test.want) {
			t.Errorf("%s: want %q in\n%s", test.name, test.want, page)
		}
	}
	if findings, tables := strings.Index(page, "## What the figures say"), strings.Index(page, "## Rolling restart"); findings < 0 || findings > tables {
		t.Error("want what the figures say before the tables")
	}
	if strings.Contains(page, "percore has") {
		t.Errorf("want percore compared with others only:\n%s", page)
	}
}

func TestARunWithoutAPartSaysSo(t *testing.T) {
	page := results{}.page()
	if got := strings.Count(page, "Not part of this run.\n"); got != 4 {
		t.Errorf("got it %d times, want 4", got)
	}
	if !strings.Contains(page, "Nowhere in this run.") {
		t.Error("want no shortfall where nothing was compared")
	}
}

func TestMillisecondsHaveAsManyDigitsAsMeanSomething(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0.0 ms", 1234 * time.Microsecond: "1.2 ms", 12345 * time.Microsecond: "12 ms", 1042 * time.Millisecond: "1042 ms",
	} {
		if got := ms(d); got != want {
			t.Errorf("%d: got %q, want %q", d, got, want)
		}
	}
}
