package fleet

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"percore/internal/trial"
	"percore/reaper"
	"percore/reaper/lifecycle"
	"percore/reaper/ports"
	"percore/reaper/probe"
)

// fakeKernel is a Spawner whose processes do what the test says. Run inside a synctest bubble, time is the
// test's as well.
type fakeKernel struct {
	mu         sync.Mutex // guards everything below: the fleet and the test both call
	pid        int
	processes  []*fakeProcess
	refuse     func(n int) error                // answers the nth spawn, from 1
	born       func(*fakeProcess)               // is told of each process; nil tells none
	obey       func(*fakeProcess) time.Duration // how long a StopSignal takes; below 0 it is not obeyed
	unkillable bool
	violation  string
}

type fakeProcess struct {
	kernel  *fakeKernel
	pid     int
	spec    reaper.Spec
	started time.Time
	ended   bool
	signals []string // with the time since the bubble's start
}

func (k *fakeKernel) Spawn(s reaper.Spec) (*reaper.Process, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.pid++
	if k.refuse != nil {
		if err := k.refuse(k.pid); err != nil {
			return nil, err
		}
	}
	p := &fakeProcess{kernel: k, pid: k.pid, spec: s, started: time.Now()}
	for _, other := range k.processes {
		if !other.ended && slices.Equal(other.spec.Args, s.Args) && slices.Equal(other.spec.Env, s.Env) {
			k.violation = "two incarnations of one slot alive"
		}
	}
	k.processes = append(k.processes, p)
	if k.born != nil {
		k.born(p)
	}
	return reaper.NewProcess(p.pid, p.signal), nil
}

func (p *fakeProcess) signal(sig syscall.Signal) error {
	p.kernel.mu.Lock()
	defer p.kernel.mu.Unlock()
	if p.ended {
		return os.ErrProcessDone
	}
	if sig == syscall.SIGCONT {
		return nil // behind every signal that asks for the end
	}
	p.signals = append(p.signals, reaper.SignalName(sig))
	if sig == syscall.SIGKILL {
		if !p.kernel.unkillable {
			go p.end(reaper.Exit{Signal: sig})
		}
		return nil
	}
	d := time.Duration(0)
	if p.kernel.obey != nil {
		d = p.kernel.obey(p)
	}
	if d >= 0 {
		time.AfterFunc(d, func() { p.end(reaper.Exit{Signal: sig}) })
	}
	return nil
}

// end is the process's death; the second one does not happen.
func (p *fakeProcess) end(e reaper.Exit) {
	p.kernel.mu.Lock()
	again := p.ended
	p.ended = true
	p.kernel.mu.Unlock()
	if again {
		return
	}
	e.PID, e.At, e.Uptime = p.pid, time.Now(), time.Since(p.started)
	p.spec.Exited(e)
}

// rig is a fleet over a fake kernel. Probes succeed when the test says so.
type rig struct {
	t         *testing.T
	kernel    *fakeKernel
	fleet     *Fleet
	start     time.Time
	result    chan Result
	ended     time.Time // when Run returned; read after result was received
	log       *trial.Buffer
	mu        sync.Mutex // guards the rest: probes and callbacks run beside the test
	unready   map[int]bool
	sick      map[int]func(context.Context) error // answers the checks of /health
	ports     ports.Look                          // what the tests of ports say; none is held, and each is its worker's own otherwise
	published [][]Endpoint
	quiesced  []time.Duration
}

// tornado is the usual program: n workers from port 8000, no jitter.
func tornado(n int) Program {
	return Program{
		Group: "tornadoes", Name: "tornado", Command: []string{"python3", "main.py", "--port={port}"}, Workers: n, PortsFrom: 8000,
		Env: []string{"PATH=/bin"}, Policy: lifecycle.Policy{
			StartSecs: time.Second, StartRetries: 3, Backoff: lifecycle.Backoff{Jitter: -1},
		}, Role: Role{Traffic: true, Critical: true},
	}
}

// front is the front door as a program.
func front() Program {
	return Program{
		Group: "percore", Name: "front", Command: []string{"percore", "front"},
		Ready: probe.Check{Kind: probe.None}, Role: Role{Priority: -1, Internal: true}, Policy: lifecycle.Policy{StartRetries: -1, Backoff: lifecycle.Backoff{Jitter: -1}},
	}
}

// inBubble runs the test in fake time with a fleet of the programs, and stops whatever is left.
func inBubble(t *testing.T, o Options, body func(*rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &rig{
			t: t, kernel: &fakeKernel{}, start: time.Now(), result: make(chan Result, 1),
			log: new(trial.Buffer), unready: make(map[int]bool), sick: make(map[int]func(context.Context) error),
		}
		o.Spawner = r.kernel
		o.Log = slog.New(slog.NewTextHandler(r.log, nil))
		o.Probe, o.Stopped = r.probe, func(int) bool { return false } // the numbers are other processes here
		if o.Descends == nil {
			o.Descends = func(int, int) bool { return false }
		}
		o.Publish = func(e []Endpoint) { r.locked(func() { r.published = append(r.published, e) }) }
		r.ports = ports.Look{
			Holder: func(int) string { return "" }, Whose: func(int, []int) ports.Verdict { return ports.Own },
			Named: func(int) string { return "pid 77 (python3)" }, Of: func([]int) []string { return nil },
		}
		o.Ports = &r.ports
		r.fleet = New(o)
		defer r.abandon()
		body(r)
		r.kernel.mu.Lock()
		defer r.kernel.mu.Unlock()
		if r.kernel.violation != "" {
			t.Errorf("got %s", r.kernel.violation)
		}
	})
}

// abandon ends what a failed test left behind, so that its message is all there is to read.
func (r *rig) abandon() {
	if r.t.Failed() {
		r.fleet.Stop("the test failed")
		r.fleet.Stop("now")
	}
}

func (r *rig) locked(do func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	do()
}

func (r *rig) probe(ctx context.Context, what probe.Check, address string) error {
	_, digits, _ := strings.Cut(address, ":")
	port, _ := strconv.Atoi(digits)
	r.mu.Lock()
	sick := r.sick[port]
	r.mu.Unlock()
	if what.Path == "/health" && sick != nil {
		return sick(ctx)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.unready[port] {
		return errors.New("refused")
	}
	return nil
}

// holdBack makes the probes of a port fail, or succeed again.
func (r *rig) holdBack(port int, unready bool) { r.locked(func() { r.unready[port] = unready }) }

func (r *rig) run() {
	go func() {
		result := r.fleet.Run()
		r.ended = time.Now()
		r.result <- result
	}()
	synctest.Wait()
}

// eachWorker looks at the workers where that is allowed, on the fleet's goroutine; not at all after Run.
func (r *rig) eachWorker(look func(*worker)) {
	r.fleet.mail.post(func() {
		for _, w := range r.fleet.roster.workers {
			look(w)
		}
	})
	synctest.Wait()
}

// pass lets time go by and everything happen that is due.
func (r *rig) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// process is the latest incarnation of the slot with that name.
func (r *rig) process(name string) *fakeProcess {
	r.t.Helper()
	r.kernel.mu.Lock()
	defer r.kernel.mu.Unlock()
	for _, p := range slices.Backward(r.kernel.processes) {
		if slices.Contains(p.spec.Env, "PERCORE_WORKER_NAME="+name) {
			return p
		}
	}
	r.t.Fatalf("got no process of %s, want one", name)
	return nil
}

func (r *rig) hasEnded(p *fakeProcess) bool {
	r.kernel.mu.Lock()
	defer r.kernel.mu.Unlock()
	return p.ended
}

// dieAgain ends the latest incarnation and waits until the next one is there, hardly older than new.
func (r *rig) dieAgain(name string, e reaper.Exit) {
	r.t.Helper()
	old := r.process(name)
	r.die(name, e)
	for r.process(name) == old {
		r.pass(10 * time.Millisecond)
	}
}

// die ends the latest incarnation of a slot and lets the fleet take notice.
func (r *rig) die(name string, e reaper.Exit) {
	r.t.Helper()
	r.process(name).end(e)
	synctest.Wait()
}

// expectStates compares supervisord's words, in the order of the status.
func (r *rig) expectStates(want ...string) {
	r.t.Helper()
	var got []string
	for _, s := range r.fleet.Status() {
		got = append(got, s.State.String())
	}
	if !slices.Equal(got, want) {
		r.t.Fatalf("states after %v: got %v, want %v", time.Since(r.start), got, want)
	}
}

func (r *rig) expectEndpoints(want ...EndpointState) {
	r.t.Helper()
	var got []EndpointState
	r.locked(func() {
		for _, e := range r.published[len(r.published)-1] {
			got = append(got, e.State)
		}
	})
	if !slices.Equal(got, want) {
		r.t.Fatalf("endpoints after %v: got %v, want %v", time.Since(r.start), got, want)
	}
}

func (r *rig) expectSignals(name string, want ...string) {
	r.t.Helper()
	p := r.process(name)
	r.kernel.mu.Lock()
	defer r.kernel.mu.Unlock()
	if !slices.Equal(p.signals, want) {
		r.t.Fatalf("signals to %s after %v: got %v, want %v", name, time.Since(r.start), p.signals, want)
	}
}

// expectEnd waits, in fake time, for Run to return.
func (r *rig) expectEnd(code int, reason string) {
	r.t.Helper()
	select {
	case got := <-r.result:
		if got.Code != code || !strings.Contains(got.Reason, reason) {
			r.t.Fatalf("result: got %+v, want code %d and a reason with %q", got, code, reason)
		}
	case <-time.After(time.Hour):
		r.t.Fatalf("Run: got no end within an hour, want code %d", code)
	}
}

func (r *rig) expectGoing() {
	r.t.Helper()
	select {
	case got := <-r.result:
		r.t.Fatalf("after %v: got an end with %+v, want none", time.Since(r.start), got)
	default:
	}
}

func (r *rig) expectLog(count int, text string) {
	r.t.Helper()
	if got := strings.Count(r.log.String(), text); got != count {
		r.t.Errorf("lines with %q in the log: got %d, want %d\n%s", text, got, count, r.log)
	}
}

// finish stops the fleet at once and waits for it.
func (r *rig) finish() {
	r.t.Helper()
	r.fleet.Stop("the test is over")
	r.fleet.Stop("now")
	<-r.result
}
