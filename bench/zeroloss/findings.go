package main

import (
	"fmt"
	"strings"
	"time"
)

// total is what all trials of stacks of one name lost, and of how many.
type total struct {
	trials, lost, sent int
}

func totalOf(trials []trial, name string) (sum total) {
	for _, t := range trials {
		if t.name == name && t.err == nil {
			sum.trials++
			sum.lost += t.all().lost()
			sum.sent += t.all().sent()
		}
	}
	return sum
}

func (t total) words() string {
	return fmt.Sprintf("%d of %d requests in %s", t.lost, t.sent, count(t.trials, "trial"))
}

// findings are the figures in sentences, the most important first.
func (r results) findings() (lines []string) {
	for _, name := range []string{underPC, underSV, underSVOne, underHUP} {
		if sum := totalOf(r.restarts, name); sum.trials > 0 {
			lines = append(lines, fmt.Sprintf("**Rolling restart**: %s lost %s.", name, sum.words()))
		}
	}
	for _, name := range []string{underPC, underSV, underHUP} {
		if sum := killedOf(r.kills, name); sum != "" {
			lines = append(lines, fmt.Sprintf("**Workers killed** with SIGKILL, %d in each trial: %s lost %s.", kills, name, sum))
		}
	}
	for _, name := range []string{underPC, underSV, underHUP} {
		if sum := stoppedOf(r.stops, name); sum != "" {
			lines = append(lines, fmt.Sprintf("**SIGTERM**: %s %s.", name, sum))
		}
	}
	for _, f := range r.footprints {
		if f.err == nil {
			lines = append(lines, fmt.Sprintf("**Idle**: %s replaces a killed worker in %s (median), keeps %s (PSS), wakes up %d times in %v, and stops in %s.",
				f.name, ms(spreadOf(f.respawn).median), mb(f.pss), f.wakeUps, idleFor, ms(spreadOf(f.stop).median)))
		}
	}
	return lines
}

func killedOf(trials []trial, name string) string {
	var get, post tally
	n := 0
	for _, t := range trials {
		if t.name == name && t.err == nil {
			get, post, n = get.plus(t.get), post.plus(t.post), n+1
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d GET and %d of %d POST requests in %s", get.lost(), get.sent(), post.lost(), post.sent(), count(n, "trial"))
}

func stoppedOf(stops []stopping, name string) string {
	var long tally
	var idle idleEnds
	n := 0
	for _, s := range stops {
		if s.name == name && s.err == nil {
			long, n = long.plus(s.long), n+1
			idle = idleEnds{idle.closed + s.idle.closed, idle.reset + s.idle.reset, idle.open + s.idle.open}
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("answered %d of %d requests that were in flight, closed %s, reset %d and left %d open",
		long.answered, long.sent(), count(idle.closed, "idle connection"), idle.reset, idle.open)
}

// shortfalls are the places where another stack is better than percore, or percore lost anything.
func (r results) shortfalls() (lines []string) {
	for _, part := range []struct {
		name   string
		trials []trial
	}{{"restart", r.restarts}, {"kill", r.kills}} {
		for _, t := range part.trials {
			if lost := t.all(); t.name == underPC && lost.lost() > 0 {
				lines = append(lines, fmt.Sprintf("%s, %s, %s: %s lost (%s).", part.name, t.app, count(t.workers, "worker"), count(lost.lost(), "request"), lost.words()))
			}
		}
	}
	lines = append(lines, r.cutOff()...)
	lines = append(lines, r.slower("A restart takes longer, as workers are drained one after the other", seconds, func(t trial) time.Duration { return t.took })...)
	lines = append(lines, r.slower("Requests are held rather than lost, so the slowest waits longer", ms, func(t trial) time.Duration { return t.short })...)
	lines = append(lines, r.costlier()...)
	if len(lines) == 0 {
		return []string{"Nowhere in this run."}
	}
	return lines
}

// cutOff lists what percore's stops did not end as they should.
func (r results) cutOff() (lines []string) {
	for _, s := range r.stops {
		if s.name != underPC || s.err != nil {
			continue
		}
		if s.long.lost() > 0 {
			lines = append(lines, fmt.Sprintf("stop, %s, %s: %s lost (%s).", s.app, count(s.workers, "worker"), count(s.long.lost(), "request"), s.long.words()))
		}
		if bad := s.idle.reset + s.idle.open; bad > 0 {
			lines = append(lines, fmt.Sprintf("stop, %s, %s: %s not closed properly.", s.app, count(s.workers, "worker"), count(bad, "idle connection")))
		}
	}
	return lines
}

// slower compares a time of restarts with that of the same workers elsewhere.
func (r results) slower(what string, words func(time.Duration) string, of func(trial) time.Duration) []string {
	var places []string
	for _, mine := range r.restarts {
		if mine.name != underPC || mine.err != nil {
			continue
		}
		for _, other := range r.restarts {
			same := other.name != underPC && other.err == nil && other.app == mine.app && other.workers == mine.workers
			if same && of(other) < of(mine) {
				places = append(places, fmt.Sprintf("%s (%s) %s, %s %s", count(mine.workers, "worker"), mine.app, words(of(mine)), other.name, words(of(other))))
			}
		}
	}
	if len(places) == 0 {
		return nil
	}
	return []string{what + ": " + strings.Join(places, "; ") + "."}
}

// costlier compares what is idle.
func (r results) costlier() (lines []string) {
	for _, figure := range []struct {
		name  string
		of    func(footprint) float64
		words func(footprint) string
	}{
		{"Median respawn", medianOf(func(f footprint) []time.Duration { return f.respawn }), func(f footprint) string { return ms(spreadOf(f.respawn).median) }},
		{"Median time to the first 200", medianOf(func(f footprint) []time.Duration { return f.start }), func(f footprint) string { return ms(spreadOf(f.start).median) }},
		{"Median stop", medianOf(func(f footprint) []time.Duration { return f.stop }), func(f footprint) string { return ms(spreadOf(f.stop).median) }},
		{"Resident memory (RSS)", func(f footprint) float64 { return float64(f.rss) }, func(f footprint) string { return mb(f.rss) }},
		{"Proportional memory (PSS)", func(f footprint) float64 { return float64(f.pss) }, func(f footprint) string { return mb(f.pss) }},
		{"Wake-ups", func(f footprint) float64 { return float64(f.wakeUps) }, func(f footprint) string { return fmt.Sprint(f.wakeUps) }},
	} {
		for _, mine := range r.footprints {
			for _, other := range r.footprints {
				if mine.name == underPC && other.name != underPC && mine.err == nil && other.err == nil && figure.of(other) < figure.of(mine) {
					lines = append(lines, fmt.Sprintf("%s: %s, %s has %s.", figure.name, figure.words(mine), other.name, figure.words(other)))
				}
			}
		}
	}
	return lines
}

func medianOf(of func(footprint) []time.Duration) func(footprint) float64 {
	return func(f footprint) float64 { return float64(spreadOf(of(f)).median) }
}
