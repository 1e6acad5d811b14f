package main

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
	"percore/entrypoint/output"
	"percore/entrypoint/plan"
	"percore/entrypoint/self"
	"percore/lbproxy/socket"
	"percore/reaper"
	"percore/reaper/early"
	"percore/reaper/fleet"
	"percore/reaper/names"
	"percore/reaper/oom"
)

// supervise is PID 1's role: the fleet behind the front door.
func supervise(in invocation, command []string) int {
	if err := plan.CheckOwnRoom(); err != nil {
		fmt.Fprintln(in.stderr, "percore:", err)
		return exitConfig
	}
	cfg, ok := loadConfig(in, command)
	if !ok {
		return exitConfig
	}
	if !cfg.Mode.Facts().Fleet { // said in a way that wantsInit does not know: PERCORE_MODE_FILE
		return initMode(in, command)
	}
	return superviseConfig(in, cfg, environment.RoleUser, command)
}

// superviseConfig runs what cfg describes, with workers of the given role. Up to the boot line an unusable configuration ends the process; after it
// nothing but the fleet's own rules does.
func superviseConfig(in invocation, cfg *config.Config, workers environment.Role, command []string) int {
	self.StayModest()
	style := output.StyleFor(cfg.LogFormat, in.stderr, environment.WantsColour(in.environ))
	log := output.NewLog(in.stderr, cfg.LogLevel.Level(), style)
	p, err := plan.Make(cfg)
	if err != nil {
		fmt.Fprintln(in.stderr, "percore:", err)
		return exitConfig
	}
	if err := p.CheckRoom(cfg); err != nil {
		fmt.Fprintln(in.stderr, "percore:", err)
		return exitConfig
	}
	p.Role = workers
	listeners, err := in.openListeners(cfg, p.Loops)
	if err != nil {
		fmt.Fprintln(in.stderr, "percore:", err)
		return exitConfig
	}
	p.Announce(log, cfg, version)
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
	door := newFrontDoor(cfg, p, listeners, log, style)
	f := newFleet(in, cfg, p, r, door, log)
	if err := f.OpenLogs(); err != nil {
		fmt.Fprintf(in.stderr, "percore: log file for %v\n", err)
		return exitConfig
	}
	if err := f.OpenSockets(); err != nil {
		fmt.Fprintln(in.stderr, "percore: PERCORE_BIND=unix:", err)
		return exitConfig
	}
	s := &settings{environ: in.environ, command: command, role: workers, fleet: f, door: door, front: p.Front, cfg: cfg}
	return runFleet(in, r, f, newOperator(s, log), newResizer(s, p, log), cfg.ForwardSignals, log)
}

// holdShare is the part of PERCORE_QUEUE_TIMEOUT, one half, in which the only worker has to be gone when it is replaced. The rest is
// for its successor to come up.
const holdShare = 2

// newFleet wires workers and front door together.
func newFleet(in invocation, cfg *config.Config, p *plan.Plan, r *reaper.Reaper, door *frontDoor, log *slog.Logger) *fleet.Fleet {
	options := fleet.Options{
		Programs: append(p.Prestart(cfg, in.environ), p.Programs(cfg, in.environ, door.inherits())...), Spawner: r, Log: log,
		StopTimeout: time.Duration(cfg.StopTimeout), LameDuck: time.Duration(cfg.LameDuck), HoldMax: time.Duration(cfg.QueueTimeout) / holdShare,
		Stdout: in.stdout, Stderr: output.Direct(in.stderr),
		OOMKilled: oomKilled(log), ExitOn: plan.ExitOn(cfg.ExitOn),
	}
	if door == nil {
		return fleet.New(options)
	}
	serving := &servingLine{log: log, where: cfg.Listen.String(), why: p.Why(), began: in.began}
	options.Quiesce = door.quiesce
	options.Publish = func(endpoints []fleet.Endpoint) {
		door.publish(endpoints)
		serving.count(endpoints)
	}
	f := fleet.New(options)
	door.drained, door.exhausted, door.hung = f.Drained, f.Exhausted, killHung(f)
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
func runFleet(in invocation, r *reaper.Reaper, f *fleet.Fleet, o *operator, size *resizer, forward value.Signals, log *slog.Logger) int {
	var result fleet.Result
	var g run.Group
	g.Add(func() error { result = f.Run(); return nil }, func(error) { f.Stop("internal fault") })
	g.Add(r.Run, func(error) { r.Close() })
	done := make(chan struct{})
	g.Add(func() error { return obeySignals(in.signals, done, f, r, forward, log) }, func(error) { close(done) })
	g.Add(o.run, func(error) { o.close() })
	g.Add(size.run, func(error) { size.close() })
	if err := g.Run(); err != nil {
		log.Error("percore ended", "err", err)
		return exitInternal
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
func (in invocation) openListeners(cfg *config.Config, loops int) ([]socket.Listener, error) {
	if !cfg.Mode.Facts().Listens {
		return nil, nil
	}
	var all []socket.Listener
	for _, a := range cfg.Listen {
		ls, err := openListener(a, loops)
		if err != nil {
			socket.CloseListeners(all)
			return nil, fmt.Errorf("%w\n%s", err, in.listenAdvice(err, a))
		}
		all = append(all, ls...)
	}
	return all, nil
}

// openListener opens a unix socket as whoever its folder belongs to.
func openListener(a value.Address, loops int) (ls []socket.Listener, err error) {
	if a.Path == "" {
		return socket.Listen(a.String(), loops)
	}
	err = names.AsOwner(a.Path, func() error {
		ls, err = socket.Listen(a.String(), loops)
		return err
	})
	return ls, err
}
