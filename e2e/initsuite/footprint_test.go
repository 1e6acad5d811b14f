package initsuite

import (
	"math"
	"slices"
	"time"

	"percore/e2e/proc"
)

var footprintScenarios = []scenario{
	{
		part: "Footprint", name: "start-up overhead, least of 50", run: overhead(slices.Min[[]time.Duration], 5), alone: true,
		tolerated: "of the CPU time that percore adds, two thirds are what any Go program takes that only starts another and waits, a fifth initialises packages of the other modes, and a seventh is mode init itself",
	},
	{part: "Footprint", name: "start-up overhead, median of 50", run: overhead(median, 0), alone: true},
	{part: "Footprint", name: "resident memory", run: resident, alone: true},
	{part: "Footprint", name: "threads", run: threadCount},
	{part: "Footprint", name: "wake-ups in 10 s without work", run: idleWakeUps},
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

// overhead is what the init adds to the time that an empty program takes, in one interleaved run.
func overhead(of func([]time.Duration) time.Duration, limit float64) func(*trial) verdict {
	return func(r *trial) verdict {
		limit := limit
		if !*compare {
			limit *= 10 // an ordinary run shares the machine
		}
		var plain, under []time.Duration
		for range 50 {
			plain = append(plain, r.timed(launch{command: r.probe("exit"), without: true}))
			under = append(under, r.timed(launch{command: r.probe("exit")}))
		}
		return measured(math.Max(0, milliseconds(of(under)-of(plain))), limit, "ms")
	}
}

// timed runs from the exec of the init, or of the command, to the end.
func (r *trial) timed(l launch) time.Duration {
	r.Helper()
	run := r.start(l)
	defer run.end()
	if _, ended := run.wait(patience); !ended {
		r.Fatal("it never ended")
	}
	return run.took()
}

func resident(r *trial) verdict {
	run := r.start(launch{command: r.probe("idle")})
	run.ready()
	time.Sleep(300 * time.Millisecond)
	return measured(float64(proc.Resident(run.pid)), 6*1024, "KiB")
}

func threadCount(r *trial) verdict {
	run := r.start(launch{command: r.probe("idle")})
	run.ready()
	time.Sleep(300 * time.Millisecond)
	return measured(float64(proc.Status(run.pid).Number("Threads")), 0, "")
}

func idleWakeUps(r *trial) verdict {
	run := r.start(launch{command: r.probe("idle")})
	run.ready()
	time.Sleep(time.Second)
	woken := 1
	for window := 0; woken > 0 && (window == 0 || !*compare && window < 3); window++ { // an ordinary run shares the machine
		before := proc.Switches(run.pid)
		time.Sleep(10 * time.Second)
		woken = proc.Switches(run.pid) - before
	}
	v := measured(float64(woken), 0, "")
	if woken > 0 {
		v.answer = no
	} else {
		v.answer = yes
	}
	return v
}
