package plan

import (
	"slices"
	"sort"
	"syscall"
	"time"

	"percore/entrypoint/config"
	"percore/entrypoint/config/environment"
	"percore/entrypoint/config/value"
	"percore/entrypoint/self"
	"percore/reaper"
	"percore/reaper/fleet"
	"percore/reaper/lifecycle"
	"percore/reaper/output"
	"percore/reaper/probe"
)

// Programs are all that the fleet runs: the fleet proper, what PERCORE_PROGRAMS names, and the front door where
// there is one.
func (p *Plan) Programs(cfg *config.Config, environ []string, files Files) []fleet.Program {
	env := environment.ForWorkers(environ, cfg.Secrets())
	var list []fleet.Program
	if len(cfg.Command.Words) > 0 {
		list = append(list, p.workerProgram(cfg, env))
	}
	for i, f := range cfg.Further {
		program := p.program(&f.Program, f.Workers.Or(p.CPUs.N), p.Users[1+i], env)
		program.Critical = len(cfg.Command.Words) == 0 // there is nothing else to live for
		list = append(list, program)
	}
	if files != nil {
		list = append(list, p.frontProgram(files))
	}
	return list
}

// workerProgram is the fleet proper.
func (p *Plan) workerProgram(cfg *config.Config, env []string) fleet.Program {
	program := p.program(&cfg.Program, p.Workers, p.Users[0], env)
	program.WorkersMax = workersMax(cfg, p.Workers)
	program.Traffic, program.Critical = cfg.Mode.Facts().Proxies, true
	if p.Role != environment.RoleUser {
		program.Path = self.Exe
		program.Env = append(slices.Clip(program.Env), p.Role.Assignment(), "GOMAXPROCS=1") // one for each CPU
	}
	return program
}

// workersMax is how many of the workers there may be one day: as many as have a port. There are workers that have
// one now.
func workersMax(cfg *config.Config, workers int) int {
	return workers + sort.Search(workersLimit-workers,
		func(more int) bool { return cfg.CheckPorts(workers+more+1) != nil })
}

// workersLimit is the front door's: a set of workers has to fit a fixed array.
const workersLimit = 1024

// Prestart is the program that runs before all others, in the surroundings of the fleet proper; none where none is
// wanted.
func (p *Plan) Prestart(cfg *config.Config, environ []string) []fleet.Program {
	if len(cfg.Prestart.Words) == 0 {
		return nil
	}
	program := p.program(&cfg.Program, 1, p.Users[0], environment.ForWorkers(environ, cfg.Secrets()))
	program.Group, program.Name, program.Command, program.PortsFrom = "percore", "prestart", cfg.Prestart.Words, 0
	program.Sockets = false
	program.Stdout, program.Stderr, program.CPUs = output.LogFile{}, output.LogFile{}, nil
	program.Ready, program.First, program.Internal = probe.Check{Kind: probe.None}, true, true
	return []fleet.Program{program}
}

// program is what all programs have in common.
func (p *Plan) program(c *config.Program, workers int, user *reaper.Credential, env []string) fleet.Program {
	return fleet.Program{
		Group: string(c.Group), Name: string(c.Name), Command: c.Command.Words, Workers: workers,
		PortsFrom: int(c.PortsFrom), Sockets: c.Bind == value.BindUnix,
		Env: env, Dir: c.Directory, Credential: user, Umask: umask(c.Umask), NoNewPrivs: bool(c.NoNewPrivs),
		CPUs: pins(c.PinCPUs),
		Policy: lifecycle.Policy{
			Autorestart: autorestart(c.Autorestart), ExitCodes: slices.Clone(c.Exitcodes),
			StartSecs: time.Duration(c.StartSecs), StartRetries: int(c.StartRetries),
		},
		Stopping: fleet.Stopping{
			StopSignal: syscall.Signal(c.StopSignal), StopAsGroup: bool(c.StopAsGroup),
			StopWaitSecs: time.Duration(c.StopWaitSecs), SignalMap: SignalMap(c.SignalMap),
			DrainTimeout: p.drainTimeout, KillTree: bool(p.killTree),
		},
		Health: health(c), Limits: limits(c), Ready: ready(c.Ready), ReadyTimeout: time.Duration(c.ReadyTimeout),
		Role: fleet.Role{Priority: int(c.Priority)},
		Output: fleet.Output{
			Stdout:         logFile(c.StdoutLogfile, c.StdoutLogfileMaxbytes, c.StdoutLogfileBackups),
			Stderr:         logFile(c.StderrLogfile, c.StderrLogfileMaxbytes, c.StderrLogfileBackups),
			RedirectStderr: bool(c.RedirectStderr), Framing: framing(c.LogPrefix),
		},
	}
}
