package main

import (
	"context"
	"errors"
	"sync"
	"time"
)

// results is all that one run has found out.
type results struct {
	facts          facts
	configurations []configuration
	restarts       []trial
	kills          []trial
	stops          []stopping
	footprints     []footprint
}

// errLate stands for a trial that was not begun.
var errLate = errors.New("not tried: the run's time was over")

// restartStacks are tried in this order, the long ones first, so that the lanes end together.
func restartStacks() (all []stack) {
	for _, workers := range []int{4, 2, 1} {
		for _, app := range []string{asyncApp, blockApp, syncApp, nodeApp} {
			all = append(all, percoreWith(app, workers))
		}
		all = append(all, gunicornWith(workers))
	}
	return append(all,
		supervisordWith(asyncApp, 4), oneByOne(asyncApp, 4), supervisordWith(blockApp, 4), supervisordWith(nodeApp, 4),
		supervisordWith(asyncApp, 2), supervisordWith(asyncApp, 1))
}

func killStacks() []stack {
	return []stack{
		percoreWith(asyncApp, 4), percoreWith(asyncApp, 1), percoreWith(blockApp, 4), percoreWith(nodeApp, 4),
		supervisordWith(asyncApp, 4), supervisordWith(asyncApp, 1), supervisordWith(blockApp, 4), supervisordWith(nodeApp, 4),
		gunicornWith(4),
	}
}

func stopStacks() []stack {
	return []stack{
		percoreWith(asyncApp, 4), percoreWith(blockApp, 4), percoreWith(syncApp, 4), percoreWith(nodeApp, 4),
		supervisordWith(asyncApp, 4), supervisordWith(blockApp, 4), supervisordWith(nodeApp, 4), gunicornWith(4),
	}
}

func footprintStacks() []stack {
	return []stack{percoreWith(asyncApp, 2), supervisordWith(asyncApp, 2)}
}

// exercise tries every part. What goes wrong with one stack is told in its row.
func (l *lab) exercise(ctx context.Context, o options, until time.Time) results {
	var r results
	for _, part := range o.parts {
		switch part {
		case "restart":
			r.restarts = l.underTrouble(ctx, o.lanes, until, restartStacks(), restartAll)
		case "kill":
			r.kills = l.underTrouble(ctx, o.lanes, until, killStacks(), killInTurn)
		case "stop":
			r.stops = inLanes(o.lanes, stopStacks(), func(s stack) stopping {
				if late(ctx, until) {
					return stopping{stack: s, err: errLate}
				}
				result := l.stopUnderLoad(s)
				l.note("stop %s, %s: %d of %d answered, idle %+v, %v, code %d, %v", s.name, s.app,
					result.long.answered, result.long.sent(), result.idle, result.took, result.code, result.err)
				return result
			})
		case "footprint":
			r.footprints = inLanes(1, footprintStacks(), func(s stack) footprint {
				if late(ctx, until) {
					return footprint{stack: s, err: errLate}
				}
				f := l.measure(ctx, s)
				l.note("footprint %s: %+v", s.name, f)
				return f
			})
		}
	}
	return r
}

func (l *lab) underTrouble(ctx context.Context, lanes int, until time.Time, stacks []stack, t trouble) []trial {
	return inLanes(lanes, stacks, func(s stack) trial {
		if late(ctx, until) {
			return trial{stack: s, err: errLate}
		}
		began := time.Now()
		result := l.run(ctx, s, t)
		l.note("%v %s, %s, %d workers: %d lost of %d: %s; slowest %v, took %v of %v; %v\n%s", time.Now().Format(time.TimeOnly), s.name, s.app, s.workers,
			result.all().lost(), result.all().sent(), result.all().words(), result.short, result.took, time.Since(began), result.err, firstFew(result.examples))
		return result
	})
}

func late(ctx context.Context, until time.Time) bool {
	return ctx.Err() != nil || time.Now().After(until)
}

// inLanes does something with each stack, several at a time, and returns what came of it in the stacks' order.
func inLanes[R any](lanes int, stacks []stack, do func(stack) R) []R {
	results := make([]R, len(stacks))
	next := make(chan int)
	var group sync.WaitGroup
	for range lanes {
		group.Go(func() {
			for i := range next {
				results[i] = do(stacks[i])
			}
		})
	}
	for i := range stacks {
		next <- i
	}
	close(next)
	group.Wait()
	return results
}
