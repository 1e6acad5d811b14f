package supervise

import (
	"log/slog"
	"os"

	"percore/entrypoint/config"
	"percore/entrypoint/config/value"
	"percore/entrypoint/plan"
	"percore/entrypoint/settings"
	"percore/reaper/cpus"
	"percore/reaper/fleet"
)

// resizer keeps a fleet with PERCORE_WORKERS=auto as large as the container's share of the CPUs, which the platform
// may change at any time.
type resizer struct {
	current func() *config.Config // an update may change PERCORE_WORKERS
	resize  func(n int, reason string)
	log     *slog.Logger
	recount func() cpus.Count
	counted cpus.Count
	watcher *cpus.Watcher // nil when nothing can change
	stop    chan struct{}
}

func newResizer(s *settings.Settings, f *fleet.Fleet, p *plan.Plan, log *slog.Logger) *resizer {
	r := &resizer{
		current: s.Current, resize: f.Resize, recount: p.Recount, counted: p.CPUs,
		log: log, stop: make(chan struct{}),
	}
	watcher, err := cpus.Watch(os.DirFS("/"))
	if err != nil {
		log.Debug("changes of the CPU quota go unnoticed", "err", err)
		return r
	}
	r.watcher = watcher
	return r
}

// run is an actor of PID 1: it must not end before the others, whatever becomes of the watcher.
func (r *resizer) run() error {
	if r.watcher != nil {
		r.watcher.Run(r.follow)
	}
	<-r.stop
	return nil
}

func (r *resizer) close() {
	close(r.stop)
	if r.watcher != nil {
		r.watcher.Close()
	}
}

// follow follows a change.
func (r *resizer) follow() {
	now := r.recount()
	if now.N == r.counted.N {
		return
	}
	r.counted = now
	cfg := r.current()
	if cfg.Workers != value.Auto || len(cfg.Command.Words) == 0 {
		return
	}
	if err := cfg.CheckPorts(now.N); err != nil {
		r.log.Warn("number of workers stays", "cpus", now.N, "cpus_why", now.Why, "err", err)
		return
	}
	r.resize(now.N, "usable CPUs: "+now.Why)
}
