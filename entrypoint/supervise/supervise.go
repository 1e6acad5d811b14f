// Package supervise is PID 1's role: it makes a plan of the configuration, opens the public sockets, wires the fleet
// (package fleet), the front door (package door) and the control socket (package control) together, and obeys
// signals until the fleet has ended.
//
// Begin with Run in supervise.go, which has all that happens up to the boot line and runs the actors after it.
package supervise

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/oklog/run"

	"percore/entrypoint/config"
	"percore/entrypoint/config/environment"
	"percore/entrypoint/config/value"
	"percore/entrypoint/control"
	"percore/entrypoint/door"
	"percore/entrypoint/output"
	"percore/entrypoint/plan"
	"percore/entrypoint/self"
	"percore/entrypoint/survey"
	"percore/lbproxy/socket"
	"percore/reaper"
	"percore/reaper/fleet"
)

// Run runs what cfg describes, with workers of the given role, and returns the container's exit code. Up to the boot
// line an unusable configuration ends the process; after it nothing but the fleet's own rules does.
func Run(in self.Invocation, cfg *config.Config, workers environment.Role, command []string) int {
	self.StayModest()
	style := output.StyleFor(cfg.LogFormat, in.Stderr, environment.WantsColour(in.Environ))
	log := output.NewLog(in.Stderr, cfg.LogLevel.Level(), style)
	p, listeners, err := prepare(in, cfg)
	if err != nil {
		return in.Refuse(err)
	}
	p.Role = workers
	p.Announce(log, cfg, in.Version)
	guard(log)
	k := kernelOf(reaper.New(log))
	d := door.New(cfg, p, listeners, log, style)
	f := newFleet(in, cfg, p, k, d, log)
	if err := openFiles(f); err != nil {
		return in.Refuse(err)
	}
	s := newSettings(in, cfg, command, p, f, d)
	return runFleet(in, k, f, newOperator(control.Place(cfg.Control), newHandler(in.Version, f, d, s), log),
		newResizer(s, f, p, log), cfg.ForwardSignals, log)
}

// prepare is all that may end the start before anything has been said or done.
func prepare(in self.Invocation, cfg *config.Config) (*plan.Plan, []socket.Listener, error) {
	p, err := plan.Make(cfg)
	if err != nil {
		return nil, nil, err
	}
	if err := p.CheckRoom(cfg); err != nil {
		return nil, nil, err
	}
	if err := plan.ChooseTempPath(cfg, p.Front); err != nil {
		return nil, nil, err
	}
	listeners, err := openListeners(in, cfg, p.Loops)
	return p, listeners, err
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

// guard makes PID 1 the parent of all that loses its own, and keeps workers of the same user out of its memory.
func guard(log *slog.Logger) {
	if os.Getpid() != 1 {
		if err := reaper.Subreaper(); err != nil {
			log.Warn("degraded", "reason", "orphaned processes go to another process than percore", "err", err)
		}
	}
	if os.Getuid() != 0 {
		if err := self.HideMemory(); err != nil {
			log.Warn("degraded", "reason", "the workers can read the memory of PID 1", "err", err)
		}
	}
}

// openFiles opens the workers' log files and makes the folder of their sockets.
func openFiles(f *fleet.Fleet) error {
	if err := f.OpenLogs(); err != nil {
		return fmt.Errorf("log file for %w", err)
	}
	if err := f.OpenSockets(); err != nil {
		return fmt.Errorf("PERCORE_BIND=unix: %w", err)
	}
	return nil
}

// runFleet runs the five actors of PID 1 until the fleet has ended, and returns the container's exit code.
func runFleet(
	in self.Invocation, k kernel, f *fleet.Fleet, o *operator, size *resizer, forward value.Signals, log *slog.Logger,
) int {
	var result fleet.Result
	var g run.Group
	g.Add(func() error { result = f.Run(); return nil }, func(error) { f.Stop("internal fault") })
	g.Add(k.run, func(error) { k.close() })
	done := make(chan struct{})
	g.Add(func() error { return obeySignals(in.Signals, done, forward, ordersOf(f, k.orphans, log), log) },
		func(error) { close(done) })
	g.Add(o.run, func(error) { o.close() })
	g.Add(size.run, func(error) { size.close() })
	if err := g.Run(); err != nil {
		log.Error("percore ended", "err", err)
		return self.ExitInternal
	}
	return result.Code
}
