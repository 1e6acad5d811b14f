// Package settings is what PID 1 runs by, and how that changes while it runs: `percore update`, `reread` and the
// half of `check` that PID 1 answers. An update loads the whole configuration anew, makes a plan of it, compares
// both with what holds (intent.go), and carries the difference out: the front door's part at once, the workers' by a
// roll, which is taken back when a new worker fails (update.go).
package settings

import (
	"context"
	"runtime/debug"
	"sync"

	"percore/entrypoint/config"
	"percore/entrypoint/config/environment"
	"percore/entrypoint/control"
	"percore/entrypoint/plan"
	"percore/lbproxy"
	"percore/reaper/fleet"
)

// Settings are what PID 1 runs by, and can be changed while it runs.
type Settings struct {
	o Options

	turn sync.Mutex // held by the update that is under way, which may take as long as a roll

	mu  sync.Mutex // guards the rest, and config.Load, which may run once at a time
	set []string   // what updates have changed, in their order
	cfg *config.Config
}

// Options are what PID 1 was started with, and what an update acts on.
type Options struct {
	Environ []string // that PID 1 was started with
	Command []string // of its arguments
	Config  *config.Config
	Plan    *plan.Plan // by which it began; the workers' role, the loops and the front door's user are for life

	Status func() []fleet.WorkerStatus // of the fleet
	Do     func(context.Context, fleet.Order, func(fleet.Outcome)) error

	Files       plan.Files            // of the front door; nil where there is none
	Reconfigure func(lbproxy.Options) // gives the front door other settings; nil where there is none
}

// New makes the settings that PID 1 begins with.
func New(o Options) *Settings { return &Settings{o: o, cfg: o.Config} }

// Current is the configuration that holds.
func (s *Settings) Current() *config.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cfg
}

// Command is what the workers are, in one line.
func (s *Settings) Command() string {
	cfg := s.Current()
	switch {
	case s.o.Plan.Role == environment.RoleDemoWorker:
		return "percore demo"
	case len(cfg.Command.Words) == 0:
		return "the programs " + cfg.Programs.String()
	}
	return cfg.Command.String()
}

// Listen are the addresses of the front door; none where there is none.
func (s *Settings) Listen() (list []string) {
	if s.o.Reconfigure != nil {
		for _, a := range s.Current().Listen {
			list = append(list, a.String())
		}
	}
	return list
}

// Answer is handler.Handler's Configure.
func (s *Settings) Answer(ctx context.Context, r control.Request, reply control.Reply) (code int, err error) {
	defer debug.FreeOSMemory() // reading a configuration takes a megabyte, and is rare
	switch r.Verb {
	case control.VerbCheck:
		return s.check(r, reply)
	case control.VerbReread:
		return s.reread(r, reply)
	default:
		return s.update(ctx, r, reply)
	}
}
