package initsuite

import (
	"fmt"
	"syscall"
	"time"

	"percore/e2e/proc"
)

var startScenarios = []scenario{
	{part: "Start", name: "TERM during the start of PID 1 is never lost", run: startAsPID1(syscall.SIGTERM, nil), alone: true},
	{
		part: "Start", name: "TERM during the start of PID 1 is never lost, with signals to the group",
		needs: []feature{group}, run: startAsPID1(syscall.SIGTERM, nil, group), alone: true,
	},
	{
		part: "Start", name: "TERM during the start of PID 1 is never lost, with sockets passed on by LISTEN_PID",
		run: startAsPID1(syscall.SIGTERM, activated), alone: true,
	},
	{
		part: "Start", name: "PROF during the start of PID 1 is never lost, with sockets passed on by LISTEN_PID",
		run: startAsPID1(syscall.SIGPROF, activated), alone: true,
	},
	{part: "Start", name: "SEGV during the start of PID 1, sent by kill, is never lost", run: startAsPID1(syscall.SIGSEGV, nil), alone: true},
	{part: "Start", name: "TERM during the start below another PID 1 ends init and child", run: startBelow(syscall.SIGTERM), alone: true},
	{
		part: "Start", name: "TERM during the start below another PID 1, with signals to the group",
		needs: []feature{group}, run: startBelow(syscall.SIGTERM, group), alone: true,
	},
	{part: "Start", name: "SEGV during the start below another PID 1 ends init and child", run: startBelow(syscall.SIGSEGV), alone: true},
}

// activated is the environment of socket activation, without a socket, as it does not matter here.
var activated = []string{"LISTEN_PID=1", "LISTEN_FDS=0"}

// starts is how many starts a scenario makes, half of them with the TERM as early as possible.
func (r *trial) starts() int {
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

// startAsPID1 sends a signal from the moment on at which the kernel hands it to PID 1: when it is caught or
// blocked. Before that the kernel drops it, and no program can do anything about it.
func startAsPID1(sig syscall.Signal, environ []string, with ...feature) func(*trial) verdict {
	return func(r *trial) verdict {
		return r.tally(func(i int) string {
			run := r.start(launch{command: r.probe("idle"), environ: environ, with: with})
			defer run.end()
			until(r.T, "the init catches or blocks the signal", func() bool {
				// While sigtimedwait waits for a signal it does not show as blocked; but then there is a child.
				return catchesOrBlocks(run.pid, sig) || len(proc.Children(run.pid)) > 0
			})
			time.Sleep(delayOf(i, r.starts()))
			run.signal(sig)
			return outcome(run, sig, false)
		})
	}
}

func catchesOrBlocks(pid int, sig syscall.Signal) bool {
	status := proc.Status(pid)
	return status.Has("SigCgt", sig) || status.Has("SigBlk", sig)
}

// startBelow sends a signal from the exec on: an ordinary process that catches nothing yet dies of it, which is
// right as long as it has no child.
func startBelow(sig syscall.Signal, with ...feature) func(*trial) verdict {
	return func(r *trial) verdict {
		return r.tally(func(i int) string {
			run := r.start(launch{command: r.probe("idle"), with: with, below: true})
			defer run.end()
			time.Sleep(delayOf(i, r.starts()))
			run.signal(sig)
			return outcome(run, sig, true)
		})
	}
}

// outcome says what went wrong with a start that got a signal, or nothing.
func outcome(run *running, sig syscall.Signal, mayDie bool) string {
	code, ended := run.wait(soon(500 * time.Millisecond))
	switch {
	case !ended:
		return "lost"
	case code == 128+int(sig) || mayDie && code == -int(sig):
	default:
		return fmt.Sprintf("code %d", code)
	}
	if mayDie && !within(soon(time.Second), func() bool { return len(proc.Children(run.cmd.Process.Pid)) == 0 }) {
		return "child left behind"
	}
	return ""
}

// tally counts the starts without a fault and names the faults.
func (r *trial) tally(attempt func(i int) string) verdict {
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
