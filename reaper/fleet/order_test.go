package fleet

import (
	"context"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"percore/reaper"
	"percore/reaper/lifecycle"
	"percore/reaper/probe"
)

// told is what came of an order.
type told struct {
	outcomes []Outcome
	err      error
	done     bool
}

// give gives an order and goes on; the result is there when done is true.
func (r *rig) give(o Order) *told {
	result := new(told)
	go func() {
		err := r.fleet.Do(context.Background(), o, func(o Outcome) { r.locked(func() { result.outcomes = append(result.outcomes, o) }) })
		r.locked(func() { result.err, result.done = err, true })
	}()
	synctest.Wait()
	return result
}

// expectTold compares the outcomes as "process: done", and the error.
func (r *rig) expectTold(got *told, wantErr error, want ...string) {
	r.t.Helper()
	r.locked(func() {
		r.t.Helper()
		var lines []string
		for _, o := range got.outcomes {
			line := o.Process[len("tornadoes:tornado-"):] + " " + o.Done
			if o.Err != nil {
				line = o.Process[len("tornadoes:tornado-"):] + " not " + o.Done
			}
			lines = append(lines, line)
		}
		if !got.done || !slices.Equal(lines, want) || !errors.Is(got.err, wantErr) {
			r.t.Fatalf("order after %v: got %q, done %v, error %v; want %q, error %v", time.Since(r.start), lines, got.done, got.err, want, wantErr)
		}
	})
}

func (r *rig) expectUnderWay(got *told) {
	r.t.Helper()
	r.locked(func() {
		if got.done {
			r.t.Fatalf("order after %v: got done with %v, want it under way", time.Since(r.start), got.err)
		}
	})
}

const (
	worker0 = "tornadoes:tornado-8000"
	worker1 = "tornadoes:tornado-8001"
)

func order(v Verb, processes ...string) Order { return Order{Verb: v, Processes: processes} }

func TestAWorkerIsStoppedAndStartedByOrder(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2)}}, func(r *rig) {
		r.kernel.obey = func(*fakeProcess) time.Duration { return time.Second }
		r.run()
		stop := r.give(order(Stop, worker1))
		r.expectStates("RUNNING", "STOPPING")
		r.expectUnderWay(stop)
		r.pass(time.Second)
		r.expectTold(stop, nil, "8001 stopped")
		r.pass(time.Hour)
		r.expectStates("RUNNING", "STOPPED")
		r.holdBack(8001, true)
		start := r.give(order(Start, worker1))
		r.expectStates("RUNNING", "STARTING")
		r.expectUnderWay(start)
		r.holdBack(8001, false)
		r.pass(time.Second)
		r.expectTold(start, nil, "8001 started")
		r.finish()
	})
}

func TestAStopByOrderDrainsFirst(t *testing.T) {
	withFrontDoor(t, 2, func(r *rig) {
		r.run()
		stop := r.give(order(Stop, worker0))
		r.expectStates("RUNNING", "STOPPING", "RUNNING")
		r.expectEndpoints(Draining, Up)
		r.expectSignals("tornado-8000")
		r.pass(time.Second)
		r.fleet.Drained(0, 1)
		synctest.Wait()
		r.expectTold(stop, nil, "8000 stopped")
		r.expectSignals("tornado-8000", "SIGTERM")
		r.expectEndpoints(Down, Up)
		r.finish()
	})
}

func TestRequestsThatDoNotEndAreCutAtTheDrainTimeout(t *testing.T) {
	withFrontDoor(t, 1, func(r *rig) {
		r.run()
		stop := r.give(order(Stop, worker0))
		r.pass(defaultDrainTimeout - time.Millisecond)
		r.expectSignals("tornado-8000")
		r.pass(time.Millisecond)
		r.expectSignals("tornado-8000", "SIGTERM")
		r.expectTold(stop, nil, "8000 stopped")
		r.expectLog(1, "requests are still in flight")
		r.finish()
	})
}

func TestOrdersThatCannotBeCarriedOutSayWhy(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2)}}, func(r *rig) {
		r.run()
		r.expectTold(r.give(order(Start, "tornadoes:tornado-9999")), ErrNoProcess)
		r.expectTold(r.give(order(Start, worker0)), ErrAlreadyStarted, "8000 not started")
		r.expectTold(r.give(order(Stop, worker0)), nil, "8000 stopped")
		r.expectTold(r.give(order(Stop, worker0, worker1)), ErrNotRunning, "8000 not stopped", "8001 stopped")
		r.expectTold(r.give(Order{Verb: Signal, Processes: []string{worker0}, Signal: syscall.SIGHUP}), ErrNotRunning, "8000 not signalled")
		r.finish()
		err := r.fleet.Do(context.Background(), order(Start, worker0), nil)
		if !errors.Is(err, ErrStopping) {
			t.Errorf("order after the end: got %v, want %v", err, ErrStopping)
		}
	})
}

func TestAStartThatFailsSaysHow(t *testing.T) {
	tests := []struct {
		name   string
		refuse error
		want   error
		told   string // the start of what status says
	}{
		{"a process that ends at once", nil, ErrSpawn, "Exited too quickly (process log may have details)"},
		{"a missing command", &reaper.SpawnError{Op: "find", Path: "x", Err: syscall.ENOENT}, ErrNoFile, "can't find command 'python3'"},
		{"a command that may not run", &reaper.SpawnError{Op: "exec", Path: "x", Err: syscall.EACCES}, ErrNotExecutable, "command at 'python3' is not executable"},
		{"a full process table", &reaper.SpawnError{Op: "exec", Path: "x", Err: syscall.EAGAIN}, ErrSpawn, "exec x: resource temporarily unavailable"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, Options{Programs: []Program{tornado(2)}}, func(r *rig) {
				r.run()
				r.expectTold(r.give(order(Stop, worker1)), nil, "8001 stopped")
				r.holdBack(8001, true)
				r.kernel.refuse = func(int) error { return tt.refuse }
				start := r.give(order(Start, worker1))
				if tt.refuse == nil {
					r.die("tornado-8001", reaper.Exit{Code: 1})
				}
				r.expectTold(start, tt.want, "8001 not started")
				if got := r.fleet.Status()[1].Description(time.Now()); !strings.HasPrefix(got, tt.told) {
					t.Errorf("status: got %q, want it to begin with %q", got, tt.told)
				}
				r.finish()
			})
		})
	}
}

func TestAStartWithoutAReadinessProbeIsOneWhenItHasLasted(t *testing.T) {
	unprobed := tornado(1)
	unprobed.Ready, unprobed.StartSecs = probe.Check{Kind: probe.None}, 2*time.Second
	inBubble(t, Options{Programs: []Program{unprobed}}, func(r *rig) {
		r.run()
		r.pass(time.Minute)
		r.expectTold(r.give(order(Stop, worker0)), nil, "8000 stopped")
		start := r.give(order(Start, worker0))
		r.expectStates("RUNNING")
		r.pass(time.Second)
		r.expectUnderWay(start)
		r.die("tornado-8000", reaper.Exit{Code: 1})
		r.expectTold(start, ErrSpawn, "8000 not started")
		r.expectTold(r.give(order(Stop, worker0)), nil, "8000 stopped")
		start = r.give(order(Start, worker0))
		r.pass(2*time.Second - time.Millisecond)
		r.expectUnderWay(start)
		r.pass(time.Millisecond)
		r.expectTold(start, nil, "8000 started")
		r.finish()
	})
}

func TestPercoresOwnProcessesTakeNoOrdersThatWouldCutRequests(t *testing.T) {
	inBubble(t, Options{Programs: []Program{front(), tornado(1)}}, func(r *rig) {
		r.run()
		for _, v := range []Verb{Stop, Restart} {
			got := r.give(order(v, "percore:front"))
			if !got.done || !errors.Is(got.err, ErrOwn) {
				t.Errorf("%s: got done %v and %v, want %v", v, got.done, got.err, ErrOwn)
			}
		}
		r.expectStates("RUNNING", "RUNNING")
		r.expectSignals("front")
		r.finish()
	})
}

func TestTheLastOfTwoOrdersHolds(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(1)}}, func(r *rig) {
		r.kernel.obey = func(*fakeProcess) time.Duration { return time.Second }
		r.run()
		stop := r.give(order(Stop, worker0))
		start := r.give(order(Start, worker0))
		r.expectTold(stop, ErrOverruled, "8000 not stopped")
		r.expectUnderWay(start)
		r.pass(time.Second)
		r.expectTold(start, nil, "8000 started")
		r.expectStates("RUNNING")
		r.finish()
	})
}

func TestASignalReachesTheProcessGroup(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(1)}}, func(r *rig) {
		r.kernel.obey = func(*fakeProcess) time.Duration { return -1 }
		r.run()
		r.expectTold(r.give(Order{Verb: Signal, Processes: []string{worker0}, Signal: syscall.SIGHUP}), nil, "8000 signalled")
		r.expectSignals("tornado-8000", "SIGHUP")
		r.finish()
	})
}

func TestWhoeverStopsWaitingDoesNotStopTheOrder(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(1)}}, func(r *rig) {
		r.kernel.obey = func(*fakeProcess) time.Duration { return time.Minute }
		r.run()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := r.fleet.Do(ctx, order(Stop, worker0), nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
		r.pass(time.Hour)
		r.expectStates("STOPPED")
		r.finish()
	})
}

func TestDescriptionsAreSupervisords(t *testing.T) {
	now := time.Date(2026, 11, 22, 22, 14, 0, 0, time.UTC)
	tests := []struct {
		name   string
		status WorkerStatus
		want   string
	}{
		{"running", WorkerStatus{State: lifecycle.StateRunning, PID: 1143, Started: now.Add(-18 * time.Second)}, "pid 1143, uptime 0:00:18"},
		{
			"running for a day",
			WorkerStatus{State: lifecycle.StateRunning, PID: 1, Started: now.Add(-26*time.Hour - 3*time.Minute - 4*time.Second)},
			"pid 1, uptime 1 day, 2:03:04",
		},
		{"running for days", WorkerStatus{State: lifecycle.StateRunning, PID: 1, Started: now.Add(-49 * time.Hour)}, "pid 1, uptime 2 days, 1:00:00"},
		{"failed", WorkerStatus{State: lifecycle.StateFatal, Complaint: "can't find command 'x'"}, "can't find command 'x'"},
		{"never started", WorkerStatus{State: lifecycle.StateStopped}, "Not started"},
		{"stopped", WorkerStatus{State: lifecycle.StateStopped, LastAt: now}, "Nov 22 10:14 PM"},
		{"ended", WorkerStatus{State: lifecycle.StateExited, LastAt: now}, "Nov 22 10:14 PM"},
		{"starting", WorkerStatus{State: lifecycle.StateStarting}, ""},
		{"stopping", WorkerStatus{State: lifecycle.StateStopping}, ""},
	}
	for _, tt := range tests {
		if got := tt.status.Description(now); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestADrainedWorkerSaysSoUntilItIsStartedAnew(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2)}}, func(r *rig) {
		r.run()
		r.expectTold(r.give(order(Drain, worker0)), nil, "8000 drained")
		r.expectDegraded("tornadoes:tornado-8000 is drained by order")
		roll := r.give(order(Restart, worker0))
		r.pass(10 * time.Second)
		r.expectTold(roll, nil, "8000 stopped", "8000 started")
		r.expectEndpoints(Draining, Up)
		r.expectTold(r.give(order(Stop, worker0)), nil, "8000 stopped")
		r.expectDegraded("")
		r.expectTold(r.give(order(Start, worker0)), nil, "8000 started")
		r.expectEndpoints(Up, Up)
		r.finish()
	})
}

// The front door says once that a worker without traffic has no request left.
func TestAWorkerWithoutTrafficIsStoppedAtOnce(t *testing.T) {
	for name, give := range map[string]func(*rig) *told{
		"by stop":       func(r *rig) *told { return r.give(order(Stop, worker1)) },
		"by restart":    func(r *rig) *told { return r.give(order(Restart, worker1)) },
		"by scale":      func(r *rig) *told { return r.give(Order{Verb: Scale, Count: 1}) },
		"after undrain": func(r *rig) *told { return r.give(order(Stop, worker1)) },
	} {
		t.Run(name, func(t *testing.T) {
			withFrontDoor(t, 2, func(r *rig) {
				r.run()
				drain := r.give(order(Drain, worker1))
				r.expectUnderWay(drain)
				r.drained(1)
				r.expectTold(drain, nil, "8001 drained")
				first := r.process("tornado-8001")
				busy := name == "after undrain"
				if busy {
					r.expectTold(r.give(order(Undrain, worker1)), nil, "8001 undrained")
				}
				give(r)
				r.pass(time.Second)
				if ended := r.hasEnded(first); ended == busy {
					t.Errorf("the worker: got it ended: %v, want %v", ended, !busy)
				}
				r.finish()
			})
		})
	}
}

func TestAWorkerThatIsDrainedAgainWaitsForItsRequestsAgain(t *testing.T) {
	withFrontDoor(t, 2, func(r *rig) {
		r.run()
		r.give(order(Drain, worker1))
		r.drained(1)
		r.give(order(Undrain, worker1))
		r.drained(1) // it comes late
		drain := r.give(order(Drain, worker1))
		r.expectUnderWay(drain)
		r.give(order(Stop, worker1))
		r.pass(time.Second)
		r.expectSignals("tornado-8001")
		r.finish()
	})
}

func TestAStartEndsADrainByOrderAlsoWhileTheWorkerStops(t *testing.T) {
	for name, idle := range map[string]bool{"its requests are under way": false, "it is told to end": true} {
		t.Run(name, func(t *testing.T) {
			withFrontDoor(t, 2, func(r *rig) {
				r.kernel.obey = func(*fakeProcess) time.Duration { return time.Second }
				r.run()
				r.give(order(Drain, worker1))
				if idle {
					r.drained(1)
				}
				r.give(order(Stop, worker1))
				start := r.give(order(Start, worker1))
				r.drained(1)
				r.pass(2 * time.Second)
				r.expectTold(start, nil, "8001 started")
				r.expectEndpoints(Up, Up)
				r.finish()
			})
		})
	}
}
