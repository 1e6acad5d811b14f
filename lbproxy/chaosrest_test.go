package lbproxy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"percore/lbproxy/balance"
)

// inspect looks at every loop again and again.
func (ch *chaos) inspect(stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-time.After(2 * time.Millisecond):
			if ch.finishing.Load() {
				return
			}
			if odd := ch.eachLoop((*loop).oddity); odd != "" && !ch.finishing.Load() {
				ch.fault("%s", odd)
				return
			}
		}
	}
}

// oddity says what is wrong with a loop between two turns.
func (l *loop) oddity() string {
	places := map[*balance.Backend]int64{}
	for slot := range int32(l.conns.size()) {
		c := l.conns.at(slot)
		if c.fd < 0 || c.kind == kindListener {
			continue
		}
		timed := l.timers.Class(slot) != 0 || c.has(flagQueued)
		switch x := l.exchangeOf(c); {
		case x == nil && !timed:
			return fmt.Sprintf("a connection without exchange and without timer: %+v", *c)
		case x == nil && c.kind == kindUpstream && c.state != statePooled:
			return fmt.Sprintf("a worker's connection with nothing to do that is not in the pool: %+v", *c)
		case x != nil && x.downstream != slot && x.upstream != slot:
			return fmt.Sprintf("a connection whose exchange has another one: %+v, %+v", *c, *x)
		case x != nil && c.kind == kindDownstream:
			timed = timed || x.upstream != noSlot && (l.timers.Class(x.upstream) != 0 || l.conns.at(x.upstream).has(flagQueued))
			if !timed && !x.request.isBusy() {
				return fmt.Sprintf("an exchange without timer: client %+v, exchange %+v", *c, *x)
			}
			if x.backend != nil && x.response.state != responseTunnel {
				places[x.backend]++
			}
		}
	}
	return l.miscount(places)
}

// miscount compares the places that exchanges have at workers with those that count as taken, where there is but one
// loop.
func (l *loop) miscount(places map[*balance.Backend]int64) string {
	if len(l.proxy.loops) > 1 || l.services[0].table == nil {
		return ""
	}
	for _, x := range l.exchanges.all {
		if place := x.wait.Place; place != nil {
			places[place]++
		}
	}
	for _, t := range l.services[0].table.Backends() {
		if n := t.InFlight(); n != places[t] {
			return fmt.Sprintf("%d requests in flight at %s, want %d as there are exchanges with it", n, t.Name, places[t])
		} else if limit := int64(l.options.Services[0].WorkerConcurrency); limit > 0 && n > limit {
			return fmt.Sprintf("%d requests in flight at %s, want %d at most", n, t.Name, limit)
		}
	}
	return ""
}

// checkRest waits until the front door is at rest, which has to be soon now that all clients have left, and looks for
// leftovers.
func (ch *chaos) checkRest() {
	wait := func(what func() string) bool {
		left := what()
		for deadline := time.Now().Add(chaosPatience); left != "" && time.Now().Before(deadline); left = what() {
			time.Sleep(time.Millisecond)
		}
		if left != "" {
			ch.fault("in the end: %s", left)
		}
		return left == ""
	}
	if !wait(ch.leftovers) || !ch.ended && !wait(func() string { return ch.eachLoop((*loop).openConns) }) {
		return
	}
	ch.checkSilence()
	if strings.Contains(ch.rig.log.String(), "panicked") {
		ch.fault("a handler panicked: %s", ch.rig.log.String())
	}
}

// leftovers says what is still there of the clients and their requests.
func (ch *chaos) leftovers() string {
	for target := range ch.targets {
		if n := target.Load(); n != 0 {
			return fmt.Sprintf("%d requests and tunnels at %s %d, want 0", n, target.Name, target.Incarnation)
		}
	}
	if repeats, waiting := ch.rig.proxy.services[0].Repeats(), ch.rig.proxy.services[0].Waiting(); repeats != 0 || waiting != 0 {
		return fmt.Sprintf("%d repeats and %d that wait, want none", repeats, waiting)
	}
	return ch.eachLoop(func(l *loop) string {
		switch {
		case l.exchanges.active != 0 || l.buffers.Used() != 0 || l.room.clients != 0:
			return fmt.Sprintf("%d exchanges, %d bytes of buffers, %d clients, want none", l.exchanges.active, l.buffers.Used(), l.room.clients)
		case len(l.ready) > 0:
			return fmt.Sprintf("%d connections with something to do, want none", len(l.ready))
		}
		return ""
	})
}

// openConns names the connections that are left; those to workers were kept for a moment.
func (l *loop) openConns() string {
	kinds := map[string]int{}
	for slot := range int32(l.conns.size()) {
		if c := l.conns.at(slot); c.fd >= 0 && c.kind != kindListener {
			kinds[fmt.Sprintf("kind %d in state %d", c.kind, c.state)]++
		}
	}
	if len(kinds) == 0 {
		return ""
	}
	return fmt.Sprintf("connections are open: %v", slices.Sorted(maps.Keys(kinds)))
}

// checkSilence looks whether anything still runs, when nothing has to: by the time that this process uses. For a
// second after its last event a loop waits in a way that costs time when the garbage collector runs; see
// rawWindowMillis.
func (ch *chaos) checkSilence() {
	const span = 20 * time.Millisecond
	used := time.Duration(0)
	for start := time.Now(); time.Since(start) < chaosPatience/4; {
		before := cpuTime()
		time.Sleep(span)
		if used = cpuTime() - before; used < span/4 {
			return
		}
	}
	ch.fault("%v of CPU time within %v while everything is silent; %s", used, span, ch.plans())
}

// plans says what each loop would do next.
func (ch *chaos) plans() (list []string) {
	ch.eachLoop(func(l *loop) string {
		deadline, timed := l.timers.Next()
		list = append(list, fmt.Sprintf("timers %v, due in %d ms; %d ready, %d late", timed, deadline-l.now, len(l.ready), len(l.accepter.late)))
		return ""
	})
	return list
}

func cpuTime() time.Duration {
	var u unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
