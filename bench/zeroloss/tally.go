package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"percore/e2e/load"
)

// tally adds up what came of several loads. Its zero value has nothing in it.
type tally struct {
	answered  int               // rightly
	failed    map[load.Kind]int // but for those with a wrong status
	statuses  map[int]int       // whole answers of a wrong status
	idleReset int               // kept connections that were reset while nothing was asked on them
	slowest   time.Duration     // right answer
}

// failures are the ways in which a request is not answered rightly, other than by a wrong status. That the bench itself
// gave up a connection (load.Abandoned) is none.
var failures = [...]load.Kind{
	load.Refused, load.NoConnection, load.Reset, load.NoAnswer, load.Truncated, load.TimedOut, load.Malformed, load.Surplus,
	load.WrongBody, load.Broken,
}

func (t *tally) add(r load.Result) {
	t.answered += r.OK()
	t.idleReset += r.IdleReset
	t.slowest = max(t.slowest, r.MaxLatency)
	if t.failed == nil {
		t.failed, t.statuses = map[load.Kind]int{}, map[int]int{}
	}
	for _, kind := range failures {
		t.failed[kind] += r.Count(kind)
	}
	for status, n := range wrongStatuses(r) {
		t.statuses[status] += n
	}
}

// wrongStatuses splits load.WrongStatus. Right answers, and those of the right status that are wrong in another way, are 200.
func wrongStatuses(r load.Result) map[int]int {
	wrong := maps.Clone(r.Statuses)
	delete(wrong, 200)
	return wrong
}

func (t tally) plus(u tally) tally {
	sum := tally{answered: t.answered + u.answered, idleReset: t.idleReset + u.idleReset, slowest: max(t.slowest, u.slowest)}
	sum.failed, sum.statuses = map[load.Kind]int{}, map[int]int{}
	for _, one := range []tally{t, u} {
		for kind, n := range one.failed {
			sum.failed[kind] += n
		}
		for status, n := range one.statuses {
			sum.statuses[status] += n
		}
	}
	return sum
}

// lost counts every request that was not answered rightly, refused ones included: to its client they are all the same.
func (t tally) lost() int {
	n := 0
	for _, count := range t.failed {
		n += count
	}
	for _, count := range t.statuses {
		n += count
	}
	return n
}

func (t tally) sent() int { return t.answered + t.lost() }

// words says how requests were lost, most frequent first: "12 status 502, 3 reset". It is a dash when none was.
func (t tally) words() string {
	ways := map[string]int{}
	for kind, n := range t.failed {
		ways[kind.String()] += n
	}
	for status, n := range t.statuses {
		ways[fmt.Sprintf("status %d", status)] += n
	}
	if t.idleReset > 0 {
		ways["idle connections reset"] = t.idleReset
	}
	maps.DeleteFunc(ways, func(_ string, n int) bool { return n == 0 })
	names := slices.SortedFunc(maps.Keys(ways), func(a, b string) int {
		if ways[a] != ways[b] {
			return ways[b] - ways[a]
		}
		return strings.Compare(a, b)
	})
	for i, name := range names {
		names[i] = fmt.Sprintf("%d %s", ways[name], name)
	}
	if len(names) == 0 {
		return "–"
	}
	return strings.Join(names, ", ")
}

// spread is the least, the median and the most of several durations.
type spread struct{ least, median, most time.Duration }

// spreadOf takes the upper of two middle values as the median. Nothing has a spread of zeroes.
func spreadOf(all []time.Duration) spread {
	if len(all) == 0 {
		return spread{}
	}
	sorted := slices.Sorted(slices.Values(all))
	return spread{sorted[0], sorted[len(sorted)/2], sorted[len(sorted)-1]}
}
