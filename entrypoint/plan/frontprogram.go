package plan

import (
	"fmt"
	"math"
	"os"
	"syscall"
	"time"

	"percore/entrypoint/config"
	"percore/entrypoint/config/environment"
	"percore/entrypoint/config/value"
	"percore/entrypoint/self"
	"percore/lbproxy"
	"percore/reaper/fleet"
	"percore/reaper/lifecycle"
	"percore/reaper/probe"
)

// priorityFront is the lowest, because the order of the stop is from the highest down: answers find their way out to
// the last.
const priorityFront = math.MinInt

// Files opens what a new incarnation of the front door inherits, and is told by started what became of its start
// (fleet.Program).
type Files func(incarnation uint64) (extra []*os.File, started func(error), err error)

// frontProgram is the front door as one more supervised program. Without it nothing is served, so it is never given
// up and comes back at once; only one that dies at its start again and again is held back, up to a second.
func (p *Plan) frontProgram(files Files) fleet.Program {
	return fleet.Program{
		Group: FrontGroup, Name: "front", Path: self.Exe, Command: []string{self.Name(), "front"}, Workers: 1,
		Env: p.frontEnviron(), Credential: p.Front,
		Policy: lifecycle.Policy{
			Autorestart: lifecycle.Always, StartSecs: frontStartSecs, StartRetries: -1,
			Backoff: lifecycle.Backoff{Base: frontBackoffBase, Cap: frontBackoffCap},
		},
		Ready:    probe.Check{Kind: probe.None},
		Stopping: fleet.Stopping{StopSignal: syscall.SIGTERM},
		Role:     fleet.Role{Priority: priorityFront, Late: true, Vital: true, Internal: true},
		Output:   fleet.Output{Inherit: true},
		Check:    p.frontRoom, Files: files,
	}
}

// FrontGroup is the group of percore's own processes.
const FrontGroup = "percore"

// FrontTitle is the front door as the fleet calls it.
const FrontTitle = FrontGroup + ":front"

const (
	//lint:ignore ST1011 the name is supervisord's
	frontStartSecs   = time.Second
	frontBackoffBase = 10 * time.Millisecond
	frontBackoffCap  = time.Second
)

// frontEnviron is all the environment that the front door gets: its configuration comes over the link. A loop that
// waits keeps its P, so the scheduler needs two more than there are loops (docs/adr/0002-raw-epoll.md).
func (p *Plan) frontEnviron() []string {
	environ := []string{environment.RoleFront.Assignment(), fmt.Sprintf("GOMAXPROCS=%d", p.Loops+2)}
	if p.memory > 0 { // the collector works harder before it lets the front door take what is the workers'
		environ = append(environ, fmt.Sprintf("GOMEMLIMIT=%d", p.memory/2))
	}
	return environ
}

// FrontOptions are the front door's settings: variables under their own names, and what is worked out here.
func (p *Plan) FrontOptions(cfg *config.Config) lbproxy.Options {
	o := lbproxy.Options{
		Loops: p.Loops, MemoryMax: p.memory, Services: []lbproxy.ServiceOptions{serviceOptions(cfg)},
		TrustedProxies: cfg.TrustedProxies.Prefixes, TrustedUnix: cfg.TrustedProxies.Unix,
		ClientBodyTempPath: cfg.ClientBodyTempPath.Folder(),
	}
	carry(&o, cfg, "Loops", "TrustedProxies", "ClientBodyTempPath")
	return o
}

// serviceOptions are the settings of the service that the fleet's workers are.
func serviceOptions(cfg *config.Config) lbproxy.ServiceOptions {
	o := lbproxy.ServiceOptions{NextUpstream: cfg.ProxyNextUpstream == value.NextUpstreamError}
	carry(&o, cfg)
	return o
}
