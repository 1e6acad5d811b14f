package initsuite

import (
	"fmt"
	"syscall"
	"time"
)

var startScenarios = []scenario{
	{part: "Start", name: "TERM during the start of PID 1 is never lost", run: startAsPID1(), alone: true},
	{part: "Start", name: "TERM during the start of PID 1 is never lost, with signals to the group", needs: []feature{group}, run: startAsPID1(group), alone: true},
	{part: "Start", name: "TERM during the start below another PID 1 ends init and child", run: startBelow(), alone: true},
	{part: "Start", name: "TERM during the start below another PID 1, with signals to the group", needs: []feature{group}, run: startBelow(group), alone: true},
}

// starts is how many starts a scenario makes, half of them with the TERM as early as possible.
func (r *rig) starts() int {
	if r.full {
		return 200
	}
	return 60
}

// delayOf spreads every second TERM over 20 ms after the earliest moment.
func delayOf(i, all int) time.Duration {
	if i%2 == 0 {
		return 0
	}
	return time.Duration(i) * 20 * time.Millisecond / time.Duration(all)
}

// startAsPID1 sends TERM from the moment on at which the kernel hands it to PID 1: when it is caught or
// blocked. Before that the kernel drops it, and no program can do anything about it.
func startAsPID1(with ...feature) func(*rig) verdict {
	return func(r *rig) verdict {
		return r.tally(func(i int) string {
			run := r.start(launch{command: r.probe("idle"), with: with})
			defer run.end()
			until(r.T, "the init catches or blocks TERM", func() bool {
				// While sigtimedwait waits for a signal it does not show as blocked; but then there is a child.
				return has(mask(run.pid, "SigCgt")|mask(run.pid, "SigBlk"), syscall.SIGTERM) || len(children(run.pid)) > 0
			})
			time.Sleep(delayOf(i, r.starts()))
			run.signal(syscall.SIGTERM)
			return outcome(run, false)
		})
	}
}

// startBelow sends TERM from the exec on: an ordinary process that catches nothing yet dies of it, which is
// right as long as it has no child.
func startBelow(with ...feature) func(*rig) verdict {
	return func(r *rig) verdict {
		return r.tally(func(i int) string {
			run := r.start(launch{command: r.probe("idle"), with: with, below: true})
			defer run.end()
			time.Sleep(delayOf(i, r.starts()))
			run.signal(syscall.SIGTERM)
			return outcome(run, true)
		})
	}
}

// outcome says what went wrong with a start that got a TERM, or nothing.
func outcome(run *running, mayDie bool) string {
	code, ended := run.wait(500 * time.Millisecond)
	switch {
	case !ended:
		return "lost"
	case code == 143 || mayDie && code == -int(syscall.SIGTERM):
	default:
		return fmt.Sprintf("code %d", code)
	}
	if mayDie && !within(time.Second, func() bool { return len(children(run.cmd.Process.Pid)) == 0 }) {
		return "child left behind"
	}
	return ""
}

// tally counts the starts without a fault and names the faults.
func (r *rig) tally(attempt func(i int) string) verdict {
	faults := make(map[string]int)
	good := 0
	for i := range r.starts() {
		if fault := attempt(i); fault == "" {
			good++
		} else {
			faults[fault]++
		}
	}
	return count(good, r.starts(), fmt.Sprint(faults)[len("map"):])
}
