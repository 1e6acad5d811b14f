package main

import (
	"context"
	"syscall"
	"time"
)

const (
	// lead is how long the load runs before anything happens: every kind of request is in flight by then, those of 3 s among them.
	lead = 1200 * time.Millisecond
	// tail is how long it runs afterwards: who finds the workers back late is seen to.
	tail = 2 * time.Second
	// kills of one trial, and the pause after each, in which a dead worker is replaced.
	kills    = 4
	killWait = 1800 * time.Millisecond
)

// trial is one stack under load, and what came of it.
type trial struct {
	stack
	outcome
	took time.Duration // of what was done to it
	err  error
}

// trouble is what is done to a service under load.
type trouble func(context.Context, *service) error

func restartAll(ctx context.Context, s *service) error { return s.restart(ctx, s) }

// killInTurn sends SIGKILL to one worker after the other.
func killInTurn(ctx context.Context, s *service) error {
	for i := range kills {
		var workers []int
		err := await("a worker to kill", func() bool { // the only one may not be back yet
			workers, _ = s.workers()
			return len(workers) > 0
		})
		if err != nil {
			return err
		}
		_ = syscall.Kill(workers[i%len(workers)], syscall.SIGKILL) // gone is as good
		select {
		case <-time.After(killWait):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// run starts a stack, loads it, lets the trouble happen, and counts.
func (l *lab) run(ctx context.Context, s stack, t trouble) trial {
	result := trial{stack: s}
	service, err := s.start(l)
	if err != nil {
		result.err = err
		return result
	}
	defer service.kill()
	load := startTraffic(service.address, service.path, mixed(s.blocking, s.workers))
	time.Sleep(lead)
	began := time.Now()
	result.err = t(ctx, service)
	result.took = time.Since(began)
	time.Sleep(tail)
	result.outcome = load.stop()
	return result
}
