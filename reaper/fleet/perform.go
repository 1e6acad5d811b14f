package fleet

import (
	"cmp"
	"context"
	"errors"
	"os"
	"syscall"
	"time"

	"percore/reaper"
	"percore/reaper/lifecycle"
	"percore/reaper/ports"
	"percore/reaper/probe"
)

// perform does one action of the table. Two entail an event at once: a spawn that failed, or after which nothing more is needed to be
// ready, and a withdrawal from a worker whose requests were done before.
func (f *Fleet) perform(w *worker, a lifecycle.Action) (entailed lifecycle.Event, ok bool) {
	switch a {
	case lifecycle.DoSpawn:
		return f.spawn(w)
	case lifecycle.DoServe:
		f.serve(w)
	case lifecycle.DoDefer:
		f.disarm(w)
		w.held = false
		w.alarm = f.clock.After(w.delay, func() { f.alarmRang(w, lifecycle.EventRetry) })
	case lifecycle.DoWithdraw:
		return f.withdraw(w)
	case lifecycle.DoTerminate:
		f.terminate(w)
	case lifecycle.DoKill:
		f.kill(w)
	case lifecycle.DoRest:
		f.disarm(w)
	default:
	}
	return 0, false
}

func (f *Fleet) spawn(w *worker) (entailed lifecycle.Event, ok bool) {
	w.incarnation++
	w.takeNext() // also where no process had to end for it, after a back-off that was cut short
	p, err := f.fork(w)
	if err != nil {
		return f.refused(w, err), true
	}
	w.process, w.started = p, time.Now()
	w.starts++
	w.refusals = 0
	w.requestsMax = w.program.Limits.requestsMax(f.options.Rand())
	f.log.Info("worker started", "process", w.title, "pid", p.PID(), "incarnation", w.incarnation)
	incarnation := w.incarnation
	f.clock.After(w.program.StartSecs, func() { // whoever gave the order to start it may wait for that, and so may a FATAL sibling
		w.pool.served = w.pool.served || w.incarnation == incarnation && w.ready
	})
	if w.program.Ready.Kind == probe.None {
		return lifecycle.EventReady, true
	}
	f.arm(w, w.program.ReadyTimeout, lifecycle.EventOverdue)
	f.diagnoseIn(w, min(diagnoseAfter, w.program.ReadyTimeout/2))
	if w.program.Ready.Kind != probe.Notify {
		f.watch(w)
	}
	return 0, false
}

// fork spawns the process with its descriptors. Workers die with percore by SIGKILL: they would keep their
// ports from the next percore otherwise, and nobody would send them requests. It is what the kernel does to
// a container whose PID 1 ends, so workers see no difference between the two.
func (f *Fleet) fork(w *worker) (*reaper.Process, error) {
	if err := f.clearSocket(w); err != nil {
		return nil, err
	}
	if err := f.tryPort(w); err != nil {
		return nil, err
	}
	incarnation, argv := w.incarnation, w.argv()
	if len(argv) == 0 {
		return nil, &reaper.SpawnError{Op: "find", Path: `""`, Err: syscall.ENOENT}
	}
	if w.program.Check != nil {
		if err := w.program.Check(); err != nil {
			return nil, err
		}
	}
	notices, err := f.noticeEnviron(w)
	if err != nil {
		return nil, err
	}
	files, opened, err := f.files(w)
	if err != nil {
		return nil, err
	}
	p, err := f.options.Spawner.Spawn(reaper.Spec{
		Path: cmp.Or(w.program.Path, argv[0]), Args: argv, Env: override(w.environ(), notices), Dir: w.program.Dir,
		Credential: w.program.Credential, Umask: w.program.Umask, NoNewPrivs: w.program.NoNewPrivs, CPUs: w.cpus(), Files: files,
		Pdeathsig: syscall.SIGKILL, Session: true,
		StopAsGroup: w.program.StopAsGroup, KillLeftovers: true, KillDescendants: !w.program.First, KillTree: w.program.KillTree,
		Exited: func(e reaper.Exit) { f.mail.post(func() { f.died(w, incarnation, e) }) },
	})
	opened(err)
	return p, err
}

// watch probes in a goroutine of its own, which ends with the incarnation.
func (f *Fleet) watch(w *worker) {
	ctx, cancel := context.WithCancel(context.Background())
	w.stopProbe = cancel
	incarnation, attempt := w.incarnation, w.lastFailure.Of(f.owned(w, f.attempt(w, w.program.Ready)))
	go func() {
		if probe.Until(ctx, attempt) {
			f.mail.post(func() {
				if w.incarnation == incarnation && w.alive() {
					f.apply(w, lifecycle.EventReady)
				}
			})
		}
	}()
}

// attempt is one try to find the worker fit. A server may change its socket's mode between bind and listen, and PID 1 may lack the
// capability to connect to one that is closed to it: so the socket is opened to all before and after.
func (f *Fleet) attempt(w *worker, r probe.Check) func(context.Context) error {
	address, exposure := w.address(), w.exposure()
	try := func(ctx context.Context) error { return f.options.Probe(ctx, r, address) }
	if !w.program.Sockets {
		return try
	}
	return func(ctx context.Context) error {
		if err := exposure.Expose(); err != nil {
			return err
		}
		if err := try(ctx); err != nil {
			return err
		}
		return exposure.Expose()
	}
}

// expose is for workers that are ready by their own word.
func (f *Fleet) expose(w *worker) {
	if !w.program.Sockets || !w.program.Traffic || w.program.Ready.Kind != probe.Notify {
		return
	}
	if err := w.exposure().Expose(); err != nil {
		f.log.Warn("socket of the worker may be closed to the front door", "process", w.title, "socket", w.socket, "err", err)
	}
}

func (f *Fleet) serve(w *worker) {
	f.disarm(w)
	w.stopProbe()
	f.expose(w)
	w.ready, w.wasReady, w.proven, w.diagnosis = true, true, true, ports.Diagnosis{}
	w.pool.served = w.pool.served || w.program.Ready.Kind != probe.None
	f.log.Info("worker ready", "process", w.title, "pid", w.process.PID(), "after", words(time.Since(w.started)))
	f.publish()
	f.limit(w)
	f.examine(w)
}

// withdraw takes the worker's traffic away while the rest of the fleet has its own: the front door says when its last
// request is done. It does not say so again where the worker had no traffic before: nothing has changed for it.
func (f *Fleet) withdraw(w *worker) (entailed lifecycle.Event, ok bool) {
	w.ready, w.withdrawn = false, f.clock.Now()
	f.publish()
	f.arm(w, w.program.DrainTimeout, lifecycle.EventExpired)
	return lifecycle.EventDrained, w.drained
}

func (f *Fleet) terminate(w *worker) {
	w.stopProbe()
	w.ready = false
	f.publish()
	f.send(w, w.program.StopSignal, w.process.Stop)
	f.arm(w, f.patience(w), lifecycle.EventExpired)
}

func (f *Fleet) kill(w *worker) {
	f.disarm(w)
	w.stopProbe()
	w.ready = false
	f.publish()
	w.killed = f.signal(w, syscall.SIGKILL) || w.killed
}

// signal says whether it was sent. A process that was reaped meanwhile is no error: its death is in the mailbox.
func (f *Fleet) signal(w *worker, sig syscall.Signal) bool { return f.send(w, sig, w.process.Signal) }

func (f *Fleet) send(w *worker, sig syscall.Signal, how func(syscall.Signal) error) bool {
	if sig = w.program.rewritten(sig); sig == 0 {
		return true // dropped, as configured
	}
	err := how(sig)
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		f.log.Error("signal worker", "process", w.title, "signal", reaper.SignalName(sig), "err", err)
	}
	return err == nil
}
