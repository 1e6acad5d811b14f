package main

import (
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sort"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"percore/entrypoint/config"
	"percore/lbproxy"
	"percore/reaper"
	"percore/reaper/cpus"
	"percore/reaper/fleet"
)

// plan is what a configuration comes to on this machine.
type plan struct {
	cpus    cpus.Count
	workers int
	loops   int
	user    *reaper.Credential
	front   *reaper.Credential
	role    config.Role // of the workers: a user's programs, or ours
	notes   []string    // what could not be done as configured by default, for the log
}

// workersPerLoop is how many interpreted workers one event loop can keep busy; what one loop knows is exact, so
// there are as few as possible.
const workersPerLoop = 8

// The order of the stop is from the highest down, so that answers find their way out to the last.
const (
	priorityFront   = 1
	priorityWorkers = 999 // supervisord's default
)

// planFleet counts, looks up and checks all that the configuration leaves to the machine.
func planFleet(cfg *config.Config) (*plan, error) {
	if len(cfg.Command.Words) == 0 {
		return nil, fmt.Errorf("no command: name the worker's command line as percore's arguments, as in percore -- python3 main.py --port={port}, or in PERCORE_COMMAND")
	}
	p := &plan{cpus: cpus.Usable(os.DirFS("/"), cpus.Affinity())}
	p.workers = cfg.Workers.Or(p.cpus.N)
	p.loops = cfg.Loops.Or((p.cpus.N + workersPerLoop - 1) / workersPerLoop)
	if err := cfg.CheckPorts(p.workers); err != nil {
		return nil, err
	}
	var err error
	if p.user, err = lookup("PERCORE_USER", cfg.User); err != nil {
		return nil, err
	}
	if cfg.Mode == config.ModeNone {
		return p, nil
	}
	if p.front, err = lookup("PERCORE_FRONT_USER", cfg.FrontUser); err != nil {
		return nil, err
	}
	if p.front != nil && os.Getuid() == 0 && !maySwitchUser() {
		if cfg.IsSet("PERCORE_FRONT_USER") {
			return nil, fmt.Errorf("PERCORE_FRONT_USER=%s: this container lacks the capabilities SETUID and SETGID; add them, as in docker run --cap-add SETUID --cap-add SETGID, or unset the variable", cfg.FrontUser)
		}
		p.front = nil
		p.notes = append(p.notes, "the front door keeps percore's user: this container lacks the capabilities SETUID and SETGID")
	}
	return p, nil
}

func lookup(variable string, user config.User) (*reaper.Credential, error) {
	if user == "" {
		return nil, nil
	}
	c, err := reaper.LookupUser(string(user))
	if err != nil {
		return nil, fmt.Errorf("%s=%s: %w", variable, user, err)
	}
	return &c, nil
}

// selfExe is this binary for another role. The link holds when the path does not: after the file was replaced, or in a
// folder that the role's user may not enter (man 5 proc).
const selfExe = "/proc/self/exe"

// selfName is what ps shows for another role.
func selfName() string {
	path, err := os.Executable()
	if err != nil {
		return "percore"
	}
	return path
}

// maySwitchUser tells whether the kernel will let a child have another user (man 7 capabilities).
func maySwitchUser() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	if err := unix.Capget(&header, &sets[0]); err != nil {
		return true // let the attempt tell
	}
	const need = 1<<unix.CAP_SETUID | 1<<unix.CAP_SETGID
	return sets[0].Effective&need == need
}

// programs are all that the fleet runs: the workers, and the front door where there is one.
func (p *plan) programs(cfg *config.Config, environ []string, door *frontDoor) []fleet.Program {
	list := []fleet.Program{p.workerProgram(cfg, environ)}
	if door != nil {
		list = append(list, p.frontProgram(door))
	}
	return list
}

// workerProgram is the fleet proper.
func (p *plan) workerProgram(cfg *config.Config, environ []string) fleet.Program {
	program := fleet.Program{
		Group: string(cfg.Group), Name: string(cfg.Name), Command: cfg.Command.Words, Workers: p.workers, WorkersMax: workersMax(cfg, p.workers), PortsFrom: int(cfg.PortsFrom),
		Env: config.WorkerEnviron(environ, cfg), Dir: cfg.Directory, Credential: p.user,
		Autorestart: autorestart(cfg.Autorestart), ExitCodes: slices.Clone(cfg.Exitcodes),
		StartSecs: time.Duration(cfg.StartSecs), StartRetries: int(cfg.StartRetries),
		StopSignal: syscall.Signal(cfg.StopSignal), StopWaitSecs: time.Duration(cfg.StopWaitSecs),
		DrainTimeout: time.Duration(cfg.DrainTimeout), Ready: ready(cfg.Ready), ReadyTimeout: time.Duration(cfg.ReadyTimeout),
		Priority: priorityWorkers, Traffic: cfg.Mode != config.ModeNone, Critical: true, KillTree: bool(cfg.KillTree),
		Stdout:         logFile(cfg.StdoutLogfile, cfg.StdoutLogfileMaxbytes, cfg.StdoutLogfileBackups),
		Stderr:         logFile(cfg.StderrLogfile, cfg.StderrLogfileMaxbytes, cfg.StderrLogfileBackups),
		RedirectStderr: bool(cfg.RedirectStderr), Framing: framing(cfg.LogPrefix),
	}
	if p.role != config.RoleUser {
		program.Path = selfExe
		program.Env = append(program.Env, p.role.Assignment(), "GOMAXPROCS=1") // there is one for each CPU
	}
	return program
}

// workersMax is how many of the workers there may be one day: as many as have a port. There are workers that have one now.
func workersMax(cfg *config.Config, workers int) int {
	return workers + sort.Search(workersLimit-workers, func(more int) bool { return cfg.CheckPorts(workers+more+1) != nil })
}

// workersLimit is the front door's: a set of workers has to fit a fixed array.
const workersLimit = 1024

// frontProgram is the front door as one more supervised program. Without it nothing is served, so it is never given up and
// comes back at once; only one that dies at its start again and again is held back, up to a second.
func (p *plan) frontProgram(d *frontDoor) fleet.Program {
	return fleet.Program{
		Group: frontGroup, Name: "front", Path: selfExe, Command: []string{selfName(), "front"}, Workers: 1,
		Env: p.frontEnviron(), Credential: p.front, Autorestart: fleet.Always, StartSecs: frontStartSecs, StartRetries: -1,
		Backoff: fleet.Backoff{Base: frontBackoffBase, Cap: frontBackoffCap}, Ready: fleet.Ready{Kind: fleet.ReadyNone},
		StopSignal: syscall.SIGTERM, Priority: priorityFront, Late: true, Vital: true, Internal: true, Inherit: true, Files: d.files,
	}
}

// frontGroup is the group of percore's own processes.
const frontGroup = "percore"

const (
	//lint:ignore ST1011 the name is supervisord's
	frontStartSecs   = time.Second
	frontBackoffBase = 10 * time.Millisecond
	frontBackoffCap  = time.Second
)

// frontEnviron is all the environment that the front door gets: its configuration comes over the link. A loop that
// waits keeps its P, so the scheduler needs two more than there are loops (docs/adr/0002-raw-epoll.md).
func (p *plan) frontEnviron() []string {
	return []string{config.RoleFront.Assignment(), fmt.Sprintf("GOMAXPROCS=%d", p.loops+2)}
}

func logFile(path config.LogFile, bytesMax config.Size, backups config.Int) fleet.LogFile {
	if path == config.LogNone {
		return fleet.LogFile{Path: fleet.LogNone}
	}
	return fleet.LogFile{Path: string(path), BytesMax: int64(bytesMax), Backups: int(backups)}
}

func framing(p config.LogPrefix) fleet.Framing {
	switch p {
	case config.PrefixName:
		return fleet.FramePrefix
	case config.PrefixJSON:
		return fleet.FrameJSON
	case config.PrefixNone:
		return fleet.FrameNone
	default:
		return fleet.FrameNone
	}
}

func autorestart(a config.Autorestart) fleet.Autorestart {
	switch a {
	case config.RestartUnexpected:
		return fleet.Unexpected
	case config.RestartNever:
		return fleet.Never
	default:
		return fleet.Always
	}
}

func ready(r config.Ready) fleet.Ready {
	switch r.Kind {
	case config.ReadyHTTP:
		return fleet.Ready{Kind: fleet.ReadyHTTP, Path: r.Path}
	case config.ReadyNone:
		return fleet.Ready{Kind: fleet.ReadyNone}
	default:
		return fleet.Ready{Kind: fleet.ReadyTCP}
	}
}

// frontOptions are the front door's settings.
func frontOptions(cfg *config.Config, loops int) lbproxy.Options {
	return lbproxy.Options{
		Loops: loops, Balance: lbproxy.Balance(cfg.Balance), NextUpstream: cfg.ProxyNextUpstream == config.NextUpstreamError,
		ClientMaxBodySize: int64(cfg.ClientMaxBodySize), ClientBodyBufferSize: int(cfg.ClientBodyBufferSize),
		ClientHeaderTimeout: time.Duration(cfg.ClientHeaderTimeout), ClientBodyTimeout: time.Duration(cfg.ClientBodyTimeout),
		SendTimeout: time.Duration(cfg.SendTimeout), KeepaliveTimeout: time.Duration(cfg.KeepaliveTimeout),
		ProxyConnectTimeout: time.Duration(cfg.ProxyConnectTimeout), ProxyReadTimeout: time.Duration(cfg.ProxyReadTimeout),
		TunnelTimeout: time.Duration(cfg.TunnelTimeout), Keepalive: int(cfg.Keepalive), ProxyKeepaliveTimeout: time.Duration(cfg.ProxyKeepaliveTimeout),
		WorkerConcurrency: int(cfg.WorkerConcurrency), QueueSize: int(cfg.QueueSize), QueueTimeout: time.Duration(cfg.QueueTimeout), AccessLog: lbproxy.AccessLog(cfg.AccessLog),
		TrustedProxies: cfg.TrustedProxies.Prefixes, TrustedUnix: cfg.TrustedProxies.Unix, ProxyProtocol: bool(cfg.ProxyProtocol),
	}
}

// announce is the boot line: what was decided, and why.
func (p *plan) announce(log *slog.Logger, cfg *config.Config) {
	attrs := []any{
		"version", version, "pid", os.Getpid(), "cpus", p.cpus.N, "cpus_why", p.cpus.Why, "mode", string(cfg.Mode),
		"workers", p.workers, "command", cfg.Command.String(), "stop_timeout", time.Duration(cfg.StopTimeout).String(),
		"stop_timeout_why", cfg.Setting("PERCORE_STOP_TIMEOUT").Reason,
	}
	if cfg.Mode != config.ModeNone {
		attrs = append(attrs, "listen", cfg.Listen.String(), "loops", p.loops, "forwarded_headers_trusted_from", trustedFrom(cfg))
	}
	log.Info("percore starts", attrs...)
	for _, note := range p.notes {
		log.Warn("degraded", "reason", note)
	}
}

// trustedFrom says whose word about clients counts, as the wrong answer to that makes every address in a log a lie.
func trustedFrom(cfg *config.Config) string {
	if cfg.TrustedProxies.Nobody() {
		return "nobody"
	}
	return cfg.TrustedProxies.String()
}

// demoCommand is the demo worker's command line.
func demoCommand() []string {
	return []string{selfName(), "demo-worker", "{port}", "{index}", "{name}"}
}
