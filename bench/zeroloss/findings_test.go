package main

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"percore/e2e/load"
)

var errStart = errors.New("start: no such program")

func answered(get, post int) outcome {
	return outcome{get: tally{answered: get}, post: tally{answered: post}}
}

func TestFindingsAddUpTheTrialsThatTookPlace(t *testing.T) {
	lossy := outcome{get: tally{answered: 8, failed: map[load.Kind]int{load.Reset: 2}}, post: tally{answered: 3, statuses: map[int]int{502: 1}}}
	for _, test := range []struct {
		name string
		run  results
		want []string
	}{
		{"nothing was tried", results{}, nil},
		{"what could not be tried does not count", results{
			restarts: []trial{{stack: percoreWith(asyncApp, 4), err: errStart}}, kills: []trial{{stack: gunicornWith(4), err: errLate}},
			stops: []stopping{{stack: percoreWith(asyncApp, 4), err: errStart}}, footprints: []footprint{{stack: percoreWith(asyncApp, 2), err: errLate}},
		}, nil},
		{"restarts of all applications and sizes are one sum", results{restarts: []trial{
			{stack: percoreWith(asyncApp, 4), outcome: answered(10, 5)},
			{stack: percoreWith(nodeApp, 1), outcome: lossy},
			{stack: percoreWith(nodeApp, 2), outcome: lossy, err: errStart},
		}}, []string{"**Rolling restart**: percore lost 3 of 29 requests in 2 trials."}},
		{"restarts one by one are a stack of their own", results{restarts: []trial{
			{stack: oneByOne(asyncApp, 4), outcome: answered(10, 5)}, {stack: supervisordWith(asyncApp, 4), outcome: lossy},
		}}, []string{
			"**Rolling restart**: supervisord + nginx lost 3 of 14 requests in 1 trial.",
			"**Rolling restart**: supervisord + nginx, one by one lost 0 of 15 requests in 1 trial.",
		}},
		{"kills tell GET and POST apart", results{kills: []trial{
			{stack: gunicornWith(4), outcome: lossy}, {stack: gunicornWith(4), outcome: answered(10, 5)},
		}}, []string{"**Workers killed** with SIGKILL, 4 in each trial: gunicorn alone lost 2 of 20 GET and 1 of 9 POST requests in 2 trials."}},
		{"stops tell how idle connections ended", results{stops: []stopping{
			{stack: percoreWith(asyncApp, 4), long: tally{answered: 4}, idle: idleEnds{closed: 20}},
			{stack: percoreWith(nodeApp, 4), long: tally{answered: 3, statuses: map[int]int{502: 1}}, idle: idleEnds{closed: 17, reset: 2, open: 1}},
		}}, []string{"**SIGTERM**: percore answered 7 of 8 requests that were in flight, closed 37 idle connections, reset 2 and left 1 open."}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := test.run.findings(); !slices.Equal(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

func TestShortfallsAreWhatOthersDoBetterAndWhatPercoreLoses(t *testing.T) {
	restart := func(s stack, took, slowest time.Duration) trial {
		return trial{stack: s, took: took, outcome: outcome{get: tally{answered: 9}, short: slowest}}
	}
	for _, test := range []struct {
		name string
		run  results
		want []string // parts of the lines, one each
	}{
		{"nothing was tried", results{}, []string{"Nowhere in this run."}},
		{"percore is as good", results{
			restarts:   []trial{restart(percoreWith(syncApp, 4), time.Second, time.Second), restart(gunicornWith(4), time.Second, time.Second)},
			footprints: []footprint{{stack: percoreWith(asyncApp, 2), rss: 5}, {stack: supervisordWith(asyncApp, 2), rss: 5}},
		}, []string{"Nowhere in this run."}},
		{"another loses, percore does not", results{kills: []trial{
			{stack: percoreWith(nodeApp, 4), outcome: answered(5, 5)}, {stack: gunicornWith(4), outcome: outcome{post: tally{statuses: map[int]int{502: 9}}}},
		}}, []string{"Nowhere in this run."}},
		{"percore loses in a restart", results{restarts: []trial{{
			stack: percoreWith(nodeApp, 4), outcome: outcome{post: tally{answered: 1, statuses: map[int]int{503: 2}}},
		}}}, []string{"restart, Node, 4 workers: 2 requests lost (2 status 503)."}},
		{"percore loses in a stop", results{stops: []stopping{
			{stack: percoreWith(nodeApp, 4), long: tally{answered: 3, failed: map[load.Kind]int{load.Reset: 1}}, idle: idleEnds{closed: 20}},
		}}, []string{"stop, Node, 4 workers: 1 request lost (1 reset)."}},
		{"percore resets idle connections, or leaves them", results{stops: []stopping{
			{stack: percoreWith(nodeApp, 4), long: tally{answered: 4}, idle: idleEnds{closed: 17, reset: 2, open: 1}},
		}}, []string{"stop, Node, 4 workers: 3 idle connections not closed properly."}},
		{"the same application restarts faster elsewhere", results{restarts: []trial{
			restart(percoreWith(syncApp, 4), 3*time.Second, 0), restart(gunicornWith(4), time.Second, 0), restart(gunicornWith(2), time.Second, 0),
		}}, []string{"A restart takes longer, as workers are drained one after the other: 4 workers (gunicorn, sync worker) 3.0 s, gunicorn alone 1.0 s."}},
		{"requests wait longer than elsewhere", results{restarts: []trial{
			restart(percoreWith(asyncApp, 1), time.Second, 2*time.Second), restart(supervisordWith(asyncApp, 1), time.Second, 30*time.Millisecond),
		}}, []string{"Requests are held rather than lost, so the slowest waits longer: 1 worker (Tornado, async) 2000 ms, supervisord + nginx 30 ms."}},
		{"a trial that did not take place is not compared", results{restarts: []trial{
			restart(percoreWith(syncApp, 4), 3*time.Second, time.Second), {stack: gunicornWith(4), err: errStart},
		}}, []string{"Nowhere in this run."}},
		{"something is cheaper elsewhere", results{footprints: []footprint{
			{stack: percoreWith(asyncApp, 2), rss: 2000, wakeUps: 1, start: []time.Duration{2e9}, stop: []time.Duration{1e9}},
			{stack: supervisordWith(asyncApp, 2), rss: 1000, wakeUps: 0, start: []time.Duration{1e9}, stop: []time.Duration{2e9}},
		}}, []string{
			"Median time to the first 200: 2000 ms, supervisord + nginx has 1000 ms.", "Resident memory (RSS): 2.0 MB, supervisord + nginx has 1.0 MB.",
			"Wake-ups: 1, supervisord + nginx has 0.",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := test.run.shortfalls(); !slices.Equal(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}
