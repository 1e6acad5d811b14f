package supervise

import (
	"context"
	"log/slog"
	"os"
	"time"

	"percore/entrypoint/config"
	"percore/entrypoint/control"
	"percore/entrypoint/control/handler"
	"percore/entrypoint/door"
	"percore/entrypoint/output"
	"percore/entrypoint/plan"
	"percore/entrypoint/self"
	"percore/entrypoint/settings"
	"percore/lbproxy"
	"percore/reaper"
	"percore/reaper/fleet"
	"percore/reaper/oom"
)

// kernel is what PID 1 needs of a reaper. A test has one whose processes are made up.
type kernel struct {
	fleet.Spawner
	run     func() error // until close
	close   func()
	orphans func() uint64 // reaped so far
}

func kernelOf(r *reaper.Reaper) kernel {
	return kernel{Spawner: r, run: r.Run, close: r.Close, orphans: r.Orphans}
}

// holdShare is the part of PERCORE_QUEUE_TIMEOUT, one half, in which the only worker has to be gone when it is
// replaced. The rest is for its successor to come up.
const holdShare = 2

// newFleet wires workers and front door together.
func newFleet(
	in self.Invocation, cfg *config.Config, p *plan.Plan, k kernel, d *door.Door, log *slog.Logger,
) *fleet.Fleet {
	options := fleet.Options{
		Programs: append(p.Prestart(cfg, in.Environ), p.Programs(cfg, in.Environ, d.Inherits())...),
		Spawner:  k.Spawner, Log: log,
		StopTimeout: time.Duration(cfg.StopTimeout), LameDuck: time.Duration(cfg.LameDuck),
		HoldMax: time.Duration(cfg.QueueTimeout) / holdShare,
		Stdout:  in.Stdout, Stderr: output.Direct(in.Stderr),
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
		Drained: f.Drained, Exhausted: f.Exhausted,
		Hung: func(incarnation uint64) { f.KillHung(plan.FrontTitle, incarnation) },
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

// newSettings has updates act on fleet and front door.
func newSettings(
	in self.Invocation, cfg *config.Config, command []string, p *plan.Plan, f *fleet.Fleet, d *door.Door,
) *settings.Settings {
	o := settings.Options{
		Environ: in.Environ, Command: command, Config: cfg, Plan: p,
		Status: f.Status, Do: f.Do, Files: d.Inherits(),
	}
	if d != nil {
		o.Reconfigure = d.Reconfigure
	}
	return settings.New(o)
}

// newHandler has the answers of this percore to control commands.
func newHandler(version string, f *fleet.Fleet, d *door.Door, s *settings.Settings) *handler.Handler {
	h := &handler.Handler{
		Fleet: handler.FleetOf(f), Version: version, Traffic: d != nil, Shutdown: f.Stop,
		Configure: s.Answer, Command: s.Command, Listen: s.Listen,
	}
	if d != nil {
		h.Figures = func(ctx context.Context) *handler.Figures { return figuresOf(d.Figures(ctx)) }
	}
	return h
}

// figuresOf is the part of the figures that status prints; nil where the front door does not answer.
func figuresOf(f *lbproxy.Figures) *handler.Figures {
	if f == nil {
		return nil
	}
	workers := make(map[int]handler.WorkerFigures, len(f.Endpoints))
	for _, e := range f.Endpoints {
		workers[e.Index] = handler.WorkerFigures{
			Served: e.Served, InFlight: e.InFlight + e.Tunnels, Ejected: e.Ejected,
			Oldest: time.Duration(e.OldestMillis) * time.Millisecond,
			Stuck:  time.Duration(e.StuckMillis) * time.Millisecond,
		}
	}
	return &handler.Figures{Workers: workers, Held: control.Held(f.Held)}
}
