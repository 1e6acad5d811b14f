// Package supervise is PID 1's role: it makes a plan of the configuration, opens the public sockets, wires the fleet (package fleet), the
// front door (package door) and the control socket (package control) together, and obeys signals until the fleet has ended.
//
// Begin with Run in supervise.go, which has all that happens up to the boot line and runs the actors after it.
package supervise

import (
	"fmt"
	"log/slog"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/oklog/run"

	"percore/entrypoint/config"
	"percore/entrypoint/config/environment"
	"percore/entrypoint/config/value"
	"percore/entrypoint/control"
	"percore/entrypoint/door"
	"percore/entrypoint/output"
	"percore/entrypoint/plan"
	"percore/entrypoint/self"
	"percore/entrypoint/settings"
	"percore/entrypoint/survey"
	"percore/lbproxy/socket"
	"percore/reaper"
	"percore/reaper/early"
	"percore/reaper/fleet"
	"percore/reaper/oom"
)

// Run runs what cfg describes, with workers of the given role. Up to the boot line an unusable configuration ends the process; after it
// nothing but the fleet's own rules does.
func Run(in self.Invocation, cfg *config.Config, workers environment.Role, command []string) int {
	self.StayModest()
	style := output.StyleFor(cfg.LogFormat, in.Stderr, environment.WantsColour(in.Environ))
	log := output.NewLog(in.Stderr, cfg.LogLevel.Level(), style)
	p, err := plan.Make(cfg)
	if err != nil {
		fmt.Fprintln(in.Stderr, "percore:", err)
		return self.ExitConfig
	}
	if err := p.CheckRoom(cfg); err != nil {
		fmt.Fprintln(in.Stderr, "percore:", err)
		return self.ExitConfig
	}
	p.Role = workers
	listeners, err := openListeners(in, cfg, p.Loops)
	if err != nil {
		fmt.Fprintln(in.Stderr, "percore:", err)
		return self.ExitConfig
	}
	p.Announce(log, cfg, in.Version)
	if os.Getpid() != 1 {
		if err := reaper.Subreaper(); err != nil {
			log.Warn("degraded", "reason", "orphans go to another process", "err", err)
		}
	}
	if os.Getuid() != 0 {
		if err := self.HideMemory(); err != nil {
			log.Warn("degraded", "reason", "workers can look into PID 1", "err", err)
		}
	}
	r := reaper.New(log)
	d := door.New(cfg, p, listeners, log, style)
	f := newFleet(in, cfg, p, r, d, log)
	if err := f.OpenLogs(); err != nil {
		fmt.Fprintf(in.Stderr, "percore: log file for %v\n", err)
		return self.ExitConfig
	}
	if err := f.OpenSockets(); err != nil {
		fmt.Fprintln(in.Stderr, "percore: PERCORE_BIND=unix:", err)
		return self.ExitConfig
	}
	o := settings.Options{Environ: in.Environ, Command: command, Config: cfg, Plan: p, Status: f.Status, Do: f.Do, Files: d.Inherits()}
	if d != nil {
		o.Reconfigure = d.Reconfigure
	}
	s := settings.New(o)
	return runFleet(in, r, f, newOperator(control.Place(cfg.Control), newHandler(in.Version, f, d, s), log), newResizer(s, f, p, log), cfg.ForwardSignals, log)
}

// holdShare is the part of PERCORE_QUEUE_TIMEOUT, one half, in which the only worker has to be gone when it is replaced. The rest is
// for its successor to come up.
const holdShare = 2

// newFleet wires workers and front door together.
func newFleet(in self.Invocation, cfg *config.Config, p *plan.Plan, r *reaper.Reaper, d *door.Door, log *slog.Logger) *fleet.Fleet {
	options := fleet.Options{
		Programs: append(p.Prestart(cfg, in.Environ), p.Programs(cfg, in.Environ, d.Inherits())...), Spawner: r, Log: log,
		StopTimeout: time.Duration(cfg.StopTimeout), LameDuck: time.Duration(cfg.LameDuck), HoldMax: time.Duration(cfg.QueueTimeout) / holdShare,
		Stdout: in.Stdout, Stderr: output.Direct(in.Stderr),
		OOMKilled: oomKilled(log), ExitOn: plan.ExitOn(cfg.ExitOn),
	}
	if d == nil {
		return fleet.New(options)
	}
	serving := &servingLine{log: log, where: cfg.Listen.String(), why: p.Why(), began: in.Began}
	options.Quiesce = d.Quiesce
	options.Publish = func(endpoints []fleet.Endpoint) {
		d.Publish(endpoints)
		serving.count(endpoints)
	}
	f := fleet.New(options)
	d.Attach(door.Events{
		Drained: f.Drained, Exhausted: f.Exhausted, Hung: func(incarnation uint64) { f.KillHung(plan.FrontTitle, incarnation) },
	})
	return f
}

// oomKilled asks the memory cgroup; nil where there is none.
func oomKilled(log *slog.Logger) func(int) bool {
	counter, err := oom.Find(os.DirFS("/"))
	if err != nil {
		log.Debug("deaths by the OOM killer cannot be told from others", "err", err)
		return nil
	}
	return func(int) bool { return counter.Claim(time.Now()) }
}

// runFleet runs the five actors of PID 1 until the fleet has ended, and returns the container's exit code.
func runFleet(in self.Invocation, r *reaper.Reaper, f *fleet.Fleet, o *operator, size *resizer, forward value.Signals, log *slog.Logger) int {
	var result fleet.Result
	var g run.Group
	g.Add(func() error { result = f.Run(); return nil }, func(error) { f.Stop("internal fault") })
	g.Add(r.Run, func(error) { r.Close() })
	done := make(chan struct{})
	g.Add(func() error { return obeySignals(in.Signals, done, f, r, forward, log) }, func(error) { close(done) })
	g.Add(o.run, func(error) { o.close() })
	g.Add(size.run, func(error) { size.close() })
	if err := g.Run(); err != nil {
		log.Error("percore ended", "err", err)
		return self.ExitInternal
	}
	return result.Code
}

// obeySignals does what each signal to PID 1 asks for (DESIGN section 5), for as long as the fleet lives: a second
// TERM has to be heard as well as the first.
func obeySignals(signals <-chan os.Signal, done <-chan struct{}, f *fleet.Fleet, r *reaper.Reaper, forward value.Signals, log *slog.Logger) error {
	early.SubscribeRest(forward.OS()...)
	for {
		select {
		case <-done:
			return nil
		case s := <-signals:
			if sig, ok := s.(syscall.Signal); ok && slices.Contains(forward, value.Signal(sig)) {
				f.Forward(sig)
				continue
			}
			obey(s, f, r, log)
		}
	}
}

func obey(s os.Signal, f *fleet.Fleet, r *reaper.Reaper, log *slog.Logger) {
	sig, ok := s.(syscall.Signal)
	if !ok {
		return
	}
	switch sig {
	case syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT:
		f.Stop(reaper.SignalName(sig))
	case syscall.SIGUSR1:
		logStatus(f.Status(), log)
		log.Info("status", "orphans_reaped", r.Orphans(), "output_bytes_dropped", f.Dropped())
		f.ReopenLogs()
	case syscall.SIGHUP, syscall.SIGUSR2:
		f.Roll(reaper.SignalName(sig))
	case syscall.SIGTTIN:
		f.Grow(1, reaper.SignalName(sig))
	case syscall.SIGTTOU:
		f.Grow(-1, reaper.SignalName(sig))
	default:
		log.Debug("signal ignored", "signal", reaper.SignalName(sig))
	}
}

func logStatus(list []fleet.WorkerStatus, log *slog.Logger) {
	for _, s := range list {
		log.Info("status", "process", s.Process, "state", s.State, "ready", s.Ready, "pid", s.PID,
			"uptime", s.Uptime(time.Now()).Round(time.Second).String(), "restarts", s.Restarts, "last_exit", s.LastExit)
	}
}

// openListeners opens every public socket before any privilege is dropped.
func openListeners(in self.Invocation, cfg *config.Config, loops int) ([]socket.Listener, error) {
	if !cfg.Mode.Facts().Listens {
		return nil, nil
	}
	var all []socket.Listener
	for _, a := range cfg.Listen {
		ls, err := door.Listen(a, loops)
		if err != nil {
			socket.CloseListeners(all)
			return nil, fmt.Errorf("%w\n%s", err, survey.ListenAdvice(in, err, a))
		}
		all = append(all, ls...)
	}
	return all, nil
}
