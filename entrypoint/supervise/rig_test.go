package supervise

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"percore/entrypoint/config"
	"percore/entrypoint/config/environment"
	"percore/entrypoint/control"
	"percore/entrypoint/door"
	"percore/entrypoint/link"
	"percore/entrypoint/output"
	"percore/entrypoint/plan"
	"percore/entrypoint/self"
	"percore/internal/trial"
	"percore/lbproxy"
	"percore/lbproxy/balance"
	"percore/reaper"
)

// patience is how long anything that should happen at once may take on a busy machine.
const patience = 30 * time.Second

// firstPID is above what a kernel gives (man 5 proc, pid_max), so that no look into /proc finds anything.
const firstPID = 1 << 23

// fakeKernel forks processes that are made up: nothing runs, no root is needed, and the test says when one ends.
type fakeKernel struct {
	mu    sync.Mutex // guards the rest: the fleet and the test both call
	born  []*process
	front *fakeFront
	fault chan error // ends run
	done  chan struct{}
}

// process is one that the fleet has started.
type process struct {
	kernel *fakeKernel
	spec   reaper.Spec
	pid    int
	name   string // PERCORE_WORKER_NAME, or front
	ended  bool
	got    []syscall.Signal
}

// fakeFront is the other end of the link: it keeps what it is told and says that it has done it.
type fakeFront struct {
	mu     sync.Mutex // guards wanted: a goroutine reads the link, the test looks
	wanted link.Wanted
}

func newKernel() *fakeKernel {
	return &fakeKernel{fault: make(chan error, 1), done: make(chan struct{})}
}

// kernel is k in the terms of the room.
func (k *fakeKernel) kernel() kernel {
	var once sync.Once
	return kernel{
		Spawner: k, orphans: func() uint64 { return 7 },
		run: func() error {
			select {
			case err := <-k.fault:
				return err
			case <-k.done:
				return nil
			}
		},
		close: func() { once.Do(func() { close(k.done) }) },
	}
}

// Spawn makes a process up.
func (k *fakeKernel) Spawn(s reaper.Spec) (*reaper.Process, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	p := &process{kernel: k, spec: s, pid: firstPID + len(k.born), name: "front"}
	for _, entry := range s.Env {
		if name, is := strings.CutPrefix(entry, "PERCORE_WORKER_NAME="); is {
			p.name = name
		}
	}
	if p.name == "front" && len(s.Files) > link.FrontFD {
		k.front = answer(s.Files[link.FrontFD])
	}
	k.born = append(k.born, p)
	return reaper.NewProcess(p.pid, p.signal), nil
}

// answer reads the link at its far end, of which it makes itself a copy: PID 1 closes its own after the fork.
func answer(theirs *os.File) *fakeFront {
	raw, err := theirs.SyscallConn()
	if err != nil {
		panic(err)
	}
	fd := -1
	_ = raw.Control(func(n uintptr) { fd, err = syscall.Dup(int(n)) })
	if err != nil {
		panic(err)
	}
	f, pipe := &fakeFront{}, os.NewFile(uintptr(fd), "link")
	go f.run(pipe)
	return f
}

// run answers each snapshot at once: every worker that drains has no request, and nothing is on its way in.
func (f *fakeFront) run(pipe *os.File) {
	defer pipe.Close()
	for {
		var w link.Wanted
		if link.Read(pipe, &w) != nil {
			return
		}
		f.mu.Lock()
		f.wanted = w
		f.mu.Unlock()
		r := lbproxy.Report{Seq: w.Snapshot.Seq, Settled: w.Snapshot.Drain, Asked: w.Snapshot.Ask}
		figures := &lbproxy.Figures{Held: lbproxy.HeldFigures{Files: 1, Bytes: 2, BytesMax: 3, Requests: 4, Responses: 5, Refused: 6, Failed: 7}}
		for _, e := range w.Snapshot.Endpoints {
			if e.State == balance.Draining || w.Snapshot.Drain {
				r.Drained = append(r.Drained, lbproxy.EndpointID{Index: e.Index, Incarnation: e.Incarnation})
			}
			figures.Endpoints = append(figures.Endpoints, lbproxy.EndpointFigures{Index: e.Index, Served: uint64(100 + e.Index), InFlight: 2, Tunnels: 1})
		}
		if w.Snapshot.Ask > 0 {
			r.Figures = figures
		}
		if link.Write(pipe, link.Reported{Version: link.Version, Report: r}) != nil {
			return
		}
	}
}

// told is the newest that the front door has heard; nothing before it runs.
func (k *fakeKernel) told() link.Wanted {
	k.mu.Lock()
	f := k.front
	k.mu.Unlock()
	if f == nil {
		return link.Wanted{}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.wanted
}

// signal ends a process by what ends one, and keeps the rest.
func (p *process) signal(sig syscall.Signal) error {
	p.kernel.mu.Lock()
	defer p.kernel.mu.Unlock()
	if p.ended {
		return os.ErrProcessDone
	}
	if sig != syscall.SIGCONT {
		p.got = append(p.got, sig)
	}
	if sig == syscall.SIGTERM || sig == syscall.SIGKILL {
		go p.end(reaper.Exit{Signal: sig})
	}
	return nil
}

// end is the process's death; the second one does not happen.
func (p *process) end(e reaper.Exit) {
	p.kernel.mu.Lock()
	again := p.ended
	p.ended = true
	p.kernel.mu.Unlock()
	if !again {
		e.PID, e.At, e.Uptime = p.pid, time.Now(), time.Hour
		p.spec.Exited(e)
	}
}

// alive are the names of the processes that run, in the order of their births.
func (k *fakeKernel) alive() (names []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, p := range k.born {
		if !p.ended {
			names = append(names, p.name)
		}
	}
	return names
}

// births counts those of a process of that name.
func (k *fakeKernel) births(name string) (n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, p := range k.born {
		if p.name == name {
			n++
		}
	}
	return n
}

// latest is the newest process of that name.
func (k *fakeKernel) latest(name string) *process {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, p := range slices.Backward(k.born) {
		if p.name == name {
			return p
		}
	}
	return nil
}

// signalled are the signals that a process has had.
func (p *process) signalled() []syscall.Signal {
	p.kernel.mu.Lock()
	defer p.kernel.mu.Unlock()
	return slices.Clone(p.got)
}

// percore is PID 1 on a fake kernel.
type percore struct {
	t       *testing.T
	kernel  *fakeKernel
	signals chan os.Signal
	log     *trial.Buffer
	place   control.Place
	code    chan int // of its end
}

// start runs PID 1 as Run does, but for the fork, the listening sockets and what concerns this process itself. The
// workers are ready when they run, unless the environment says otherwise.
func start(t *testing.T, environ ...string) *percore {
	t.Helper()
	place := filepath.Join(t.TempDir(), "s")
	environ = environment.Overlay([]string{
		"PERCORE_COMMAND=web --port={port}", "PERCORE_WORKERS=2", "PERCORE_NAME=web", "PERCORE_GROUP=webs",
		"PERCORE_READY=none", "PERCORE_STARTSECS=0.001",
		"PERCORE_CONTROL=" + place, "PERCORE_LOOPS=1", "PERCORE_LOGLEVEL=debug",
	}, environ)
	cfg, _, err := config.Load(environ, os.Getuid())
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Make(cfg)
	if err != nil {
		t.Fatal(err)
	}
	pc := &percore{t: t, kernel: newKernel(), signals: make(chan os.Signal, 8), log: &trial.Buffer{}, place: control.Place(cfg.Control), code: make(chan int, 1)}
	log := output.NewLog(pc.log, slog.LevelDebug, output.StyleText)
	in := self.Invocation{Version: "1.2", Environ: environ, Stdout: io.Discard, Stderr: pc.log, Signals: pc.signals, Began: time.Now()}
	k, d := pc.kernel.kernel(), door.New(cfg, p, nil, log, output.StyleText)
	f := newFleet(in, cfg, p, k, d, log)
	s := newSettings(in, cfg, nil, p, f, d)
	o := newOperator(pc.place, newHandler(in.Version, f, d, s), log)
	go func() { pc.code <- runFleet(in, k, f, o, newResizer(s, f, p, log), cfg.ForwardSignals, log) }()
	t.Cleanup(pc.end)
	return pc
}

// end ends what still runs.
func (p *percore) end() {
	select {
	case p.signals <- syscall.SIGTERM:
	default:
	}
	select {
	case <-p.code:
	case <-time.After(patience):
		p.t.Errorf("PID 1 does not end; its log:\n%s", p.log)
	}
}

// wantCode waits for the end.
func (p *percore) wantCode(want int) {
	p.t.Helper()
	select {
	case got := <-p.code:
		if got != want {
			p.t.Errorf("got exit code %d, want %d; the log:\n%s", got, want, p.log)
		}
		p.code <- got // for the clean-up
	case <-time.After(patience):
		p.t.Fatalf("waited %v for the end; the log:\n%s", patience, p.log)
	}
}

// await waits until something holds.
func (p *percore) await(what string, holds func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatalf("waited %v for %s; alive: %q, the log:\n%s", patience, what, p.kernel.alive(), p.log)
		}
	}
}

// awaitUp waits until the front door was told that so many workers take requests, and no other.
func (p *percore) awaitUp(n int) {
	p.t.Helper()
	p.await("workers to take requests", func() bool {
		up := 0
		for _, e := range p.kernel.told().Snapshot.Endpoints {
			if e.State == balance.Up {
				up++
			}
		}
		return up == n
	})
}

// ask makes a request on the control socket and returns the outcomes and lines of text.
func (p *percore) ask(r control.Request) (lines []string, code int, err error) {
	p.t.Helper()
	var conn *control.Conn
	p.await("the control socket", func() bool {
		conn, err = control.Dial(p.place, os.DirFS("/proc"))
		return err == nil
	})
	defer conn.Close()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	code, err = conn.Call(ctx, r, func(f control.Frame) error {
		switch {
		case f.Outcome != nil:
			lines = append(lines, f.Outcome.Name+" "+f.Outcome.Did+string(f.Outcome.Fault))
		case f.Change != nil && f.Change.Group != "":
			lines = append(lines, f.Change.Group+" "+f.Change.Did)
		case f.Change != nil:
			lines = append(lines, f.Change.Variable+" "+f.Change.To)
		case f.Text != "":
			lines = append(lines, f.Text)
		}
		return nil
	})
	return lines, code, err
}
