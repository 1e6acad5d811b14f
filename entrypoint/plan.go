package main

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"slices"
	"sort"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"percore/entrypoint/config"
	"percore/entrypoint/config/environment"
	"percore/entrypoint/config/value"
	"percore/entrypoint/self"
	"percore/lbproxy"
	"percore/reaper"
	"percore/reaper/cpus"
	"percore/reaper/fleet"
	"percore/reaper/oom"
	"percore/reaper/output"
)

// plan is what a configuration comes to on this machine.
type plan struct {
	counter      counter
	cpus         cpus.Count
	workers      int
	loops        int
	memory       int64                // bytes that the container may use; 0: not known
	users        []*reaper.Credential // of the fleet proper, and of each further program
	front        *reaper.Credential
	killTree     value.Bool
	drainTimeout time.Duration
	role         environment.Role // of the workers: a user's programs, or ours
	notes        []string         // what could not be done as configured by default, for the log
}

// workersPerLoop is how many interpreted workers one event loop can keep busy; what one loop knows is exact, so
// there are as few as possible.
const workersPerLoop = 8

// priorityFront is the lowest, because the order of the stop is from the highest down: answers find their way out to the last.
const priorityFront = math.MinInt

var errNoCommand = errors.New("no command: name the worker's command line as percore's arguments, as in percore -- python3 main.py --port={port}, or in PERCORE_COMMAND")

// planFleet counts, looks up and checks all that the configuration leaves to the machine.
func planFleet(cfg *config.Config) (*plan, error) {
	facts := cfg.Mode.Facts()
	isOptional := facts.Fleet && !facts.Listens && len(cfg.Further) > 0
	if len(cfg.Command.Words) == 0 && !isOptional {
		return nil, errNoCommand
	}
	p := &plan{killTree: cfg.KillTree, drainTimeout: time.Duration(cfg.DrainTimeout), counter: newCounter(cfg), memory: oom.Limit(os.DirFS("/"))}
	p.cpus = p.counter.count()
	if p.counter.fault != "" {
		p.notes = append(p.notes, p.counter.fault)
	}
	p.workers = cfg.Workers.Or(p.cpus.N)
	p.loops = cfg.Loops.Or((p.cpus.N + workersPerLoop - 1) / workersPerLoop)
	if len(cfg.Command.Words) == 0 {
		p.workers = 0
	}
	if err := cfg.CheckPorts(p.workers); err != nil {
		return nil, err
	}
	if err := cfg.CheckProcesses(p.workers); err != nil {
		return nil, err
	}
	if err := p.lookupUsers(cfg); err != nil {
		return nil, err
	}
	if !facts.FrontDoor {
		return p, nil
	}
	p.noteMemory()
	return p, p.chooseFront(cfg)
}

// lookupUsers finds the users of all programs.
func (p *plan) lookupUsers(cfg *config.Config) error {
	user, err := lookup("PERCORE_USER", cfg.User)
	if err != nil {
		return err
	}
	p.users = append(p.users, user)
	for _, f := range cfg.Further {
		if user, err = lookup(f.Variable("PERCORE_USER"), f.User); err != nil {
			return err
		}
		p.users = append(p.users, user)
	}
	return nil
}

func lookup(variable string, user value.User) (*reaper.Credential, error) {
	if user == "" {
		return nil, nil
	}
	c, err := reaper.LookupUser(string(user))
	if err != nil {
		return nil, &settingError{variable, string(user), err}
	}
	return &c, nil
}

// settingError is what the machine has against the value of a variable.
type settingError struct {
	name, value string
	err         error
}

func (e *settingError) Error() string { return e.name + "=" + e.value + ": " + e.err.Error() }

func (e *settingError) Unwrap() error { return e.err }

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

// programs are all that the fleet runs: the fleet proper, what PERCORE_PROGRAMS names, and the front door where there is one.
func (p *plan) programs(cfg *config.Config, environ []string, door *frontDoor) []fleet.Program {
	env := environment.ForWorkers(environ, cfg.Secrets())
	var list []fleet.Program
	if len(cfg.Command.Words) > 0 {
		list = append(list, p.workerProgram(cfg, env))
	}
	for i, f := range cfg.Further {
		program := p.program(&f.Program, f.Workers.Or(p.cpus.N), p.users[1+i], env)
		program.Critical = len(cfg.Command.Words) == 0 // there is nothing else to live for
		list = append(list, program)
	}
	if door != nil {
		list = append(list, p.frontProgram(door))
	}
	return list
}

// workerProgram is the fleet proper.
func (p *plan) workerProgram(cfg *config.Config, env []string) fleet.Program {
	program := p.program(&cfg.Program, p.workers, p.users[0], env)
	program.WorkersMax = workersMax(cfg, p.workers)
	program.Traffic, program.Critical = cfg.Mode.Facts().Proxies, true
	if p.role != environment.RoleUser {
		program.Path = self.Exe
		program.Env = append(slices.Clip(program.Env), p.role.Assignment(), "GOMAXPROCS=1") // there is one for each CPU
	}
	return program
}

// workersMax is how many of the workers there may be one day: as many as have a port. There are workers that have one now.
func workersMax(cfg *config.Config, workers int) int {
	return workers + sort.Search(workersLimit-workers, func(more int) bool { return cfg.CheckPorts(workers+more+1) != nil })
}

// workersLimit is the front door's: a set of workers has to fit a fixed array.
const workersLimit = 1024

// prestart is the program that runs before all others, in the surroundings of the fleet proper; none where none is wanted.
func (p *plan) prestart(cfg *config.Config, environ []string) []fleet.Program {
	if len(cfg.Prestart.Words) == 0 {
		return nil
	}
	program := p.program(&cfg.Program, 1, p.users[0], environment.ForWorkers(environ, cfg.Secrets()))
	program.Group, program.Name, program.Command, program.PortsFrom = "percore", "prestart", cfg.Prestart.Words, 0
	program.Sockets = false
	program.Stdout, program.Stderr, program.CPUs = output.LogFile{}, output.LogFile{}, nil
	program.Ready, program.First, program.Internal = fleet.Ready{Kind: fleet.ReadyNone}, true, true
	return []fleet.Program{program}
}

// program is what all programs have in common.
func (p *plan) program(c *config.Program, workers int, user *reaper.Credential, env []string) fleet.Program {
	return fleet.Program{
		Group: string(c.Group), Name: string(c.Name), Command: c.Command.Words, Workers: workers, PortsFrom: int(c.PortsFrom), Sockets: c.Bind == value.BindUnix,
		Env: env, Dir: c.Directory, Credential: user, Umask: umask(c.Umask), NoNewPrivs: bool(c.NoNewPrivs), CPUs: pins(c.PinCPUs),
		Autorestart: autorestart(c.Autorestart), ExitCodes: slices.Clone(c.Exitcodes),
		StartSecs: time.Duration(c.StartSecs), StartRetries: int(c.StartRetries),
		StopSignal: syscall.Signal(c.StopSignal), StopAsGroup: bool(c.StopAsGroup), StopWaitSecs: time.Duration(c.StopWaitSecs), SignalMap: signalMap(c.SignalMap),
		Health: health(c), Limits: limits(c),
		DrainTimeout: p.drainTimeout, Ready: ready(c.Ready), ReadyTimeout: time.Duration(c.ReadyTimeout), Priority: int(c.Priority), KillTree: bool(p.killTree),
		Stdout:         logFile(c.StdoutLogfile, c.StdoutLogfileMaxbytes, c.StdoutLogfileBackups),
		Stderr:         logFile(c.StderrLogfile, c.StderrLogfileMaxbytes, c.StderrLogfileBackups),
		RedirectStderr: bool(c.RedirectStderr), Framing: framing(c.LogPrefix),
	}
}

// frontProgram is the front door as one more supervised program. Without it nothing is served, so it is never given up and
// comes back at once; only one that dies at its start again and again is held back, up to a second.
func (p *plan) frontProgram(d *frontDoor) fleet.Program {
	return fleet.Program{
		Group: frontGroup, Name: "front", Path: self.Exe, Command: []string{self.Name(), "front"}, Workers: 1,
		Env: p.frontEnviron(), Credential: p.front, Autorestart: fleet.Always, StartSecs: frontStartSecs, StartRetries: -1,
		Backoff: fleet.Backoff{Base: frontBackoffBase, Cap: frontBackoffCap}, Ready: fleet.Ready{Kind: fleet.ReadyNone},
		StopSignal: syscall.SIGTERM, Priority: priorityFront, Late: true, Vital: true, Internal: true, Inherit: true, Check: p.frontRoom, Files: d.files,
	}
}

// frontGroup is the group of percore's own processes.
const frontGroup = "percore"

// frontTitle is the front door as the fleet calls it.
const frontTitle = frontGroup + ":front"

const (
	//lint:ignore ST1011 the name is supervisord's
	frontStartSecs   = time.Second
	frontBackoffBase = 10 * time.Millisecond
	frontBackoffCap  = time.Second
)

// frontEnviron is all the environment that the front door gets: its configuration comes over the link. A loop that
// waits keeps its P, so the scheduler needs two more than there are loops (docs/adr/0002-raw-epoll.md).
func (p *plan) frontEnviron() []string {
	environ := []string{environment.RoleFront.Assignment(), fmt.Sprintf("GOMAXPROCS=%d", p.loops+2)}
	if p.memory > 0 { // the collector works harder before it lets the front door take what is the workers'
		environ = append(environ, fmt.Sprintf("GOMEMLIMIT=%d", p.memory/2))
	}
	return environ
}

func logFile(path value.LogFile, bytesMax value.Size, backups value.Int) output.LogFile {
	if path == value.LogNone {
		return output.LogFile{Path: output.None}
	}
	return output.LogFile{Path: string(path), BytesMax: int64(bytesMax), Backups: int(backups)}
}

func framing(p value.LogPrefix) output.Framing {
	switch p {
	case value.PrefixName:
		return output.FramePrefix
	case value.PrefixJSON:
		return output.FrameJSON
	case value.PrefixNone:
		return output.FrameNone
	default:
		return output.FrameNone
	}
}

func umask(u value.Umask) *int {
	if !u.Set {
		return nil
	}
	return &u.Bits
}

// pins are the CPUs that workers are pinned to, if they are.
func pins(wanted value.Bool) []int {
	if !wanted {
		return nil
	}
	return cpus.Set()
}

// signalMap is m in the kernel's terms.
func signalMap(m value.SignalMap) map[syscall.Signal]syscall.Signal {
	all := make(map[syscall.Signal]syscall.Signal, len(m))
	for from, to := range m {
		all[syscall.Signal(from)] = syscall.Signal(to)
	}
	return all
}

func exitOn(e value.ExitOn) fleet.ExitOn {
	switch e {
	case value.ExitOnAnyFatal:
		return fleet.AnyFatal
	case value.ExitOnFirstExit:
		return fleet.FirstExit
	case value.ExitOnNever:
		return fleet.NeverExit
	case value.ExitOnAllFatal:
		return fleet.AllFatal
	default:
		return fleet.AllFatal
	}
}

func autorestart(a value.Autorestart) fleet.Autorestart {
	switch a {
	case value.RestartUnexpected:
		return fleet.Unexpected
	case value.RestartNever:
		return fleet.Never
	default:
		return fleet.Always
	}
}

func ready(r value.Ready) fleet.Ready {
	switch r.Kind {
	case value.ReadyHTTP:
		return fleet.Ready{Kind: fleet.ReadyHTTP, Path: r.Path}
	case value.ReadyNotify:
		return fleet.Ready{Kind: fleet.ReadyNotify}
	case value.ReadyNone:
		return fleet.Ready{Kind: fleet.ReadyNone}
	default:
		return fleet.Ready{Kind: fleet.ReadyTCP}
	}
}

// frontOptions are the front door's settings.
func (p *plan) frontOptions(cfg *config.Config) lbproxy.Options {
	return lbproxy.Options{
		Loops: p.loops, MemoryMax: p.memory, Balance: lbproxy.Balance(cfg.Balance), NextUpstream: cfg.ProxyNextUpstream == value.NextUpstreamError,
		ClientMaxBodySize: int64(cfg.ClientMaxBodySize), ClientBodyBufferSize: int(cfg.ClientBodyBufferSize),
		ClientMaxHeaderSize: int(cfg.ClientMaxHeaderSize), ClientMaxHeaderFields: int(cfg.ClientMaxHeaderFields), ProxyBufferSize: int(cfg.ProxyBufferSize),
		ClientHeaderTimeout: time.Duration(cfg.ClientHeaderTimeout), ClientBodyTimeout: time.Duration(cfg.ClientBodyTimeout),
		ClientBodyMinRate: int64(cfg.ClientBodyMinRate), IgnoreClientAbort: bool(cfg.ProxyIgnoreAbort),
		SendTimeout: time.Duration(cfg.SendTimeout), KeepaliveTimeout: time.Duration(cfg.KeepaliveTimeout),
		ProxyConnectTimeout: time.Duration(cfg.ProxyConnectTimeout), ProxyReadTimeout: time.Duration(cfg.ProxyReadTimeout),
		TunnelTimeout: time.Duration(cfg.TunnelTimeout), Keepalive: int(cfg.Keepalive), ProxyKeepaliveTimeout: time.Duration(cfg.ProxyKeepaliveTimeout),
		WorkerConcurrency: int(cfg.WorkerConcurrency), QueueSize: int(cfg.QueueSize), QueueTimeout: time.Duration(cfg.QueueTimeout), ReadyTimeout: time.Duration(cfg.ReadyTimeout),
		AccessLog:       lbproxy.AccessLog(cfg.AccessLog),
		AccessLogSample: float64(cfg.AccessLogSample), AccessLogExclude: cfg.AccessLogExclude,
		TrustedProxies: cfg.TrustedProxies.Prefixes, TrustedUnix: cfg.TrustedProxies.Unix, TrustedHops: int(cfg.TrustedHops), Via: string(cfg.Via), ProxyProtocol: bool(cfg.ProxyProtocol), BareLF: bool(cfg.AllowBareLF),
	}
}

// announce is the boot line: what was decided, and why.
func (p *plan) announce(log *slog.Logger, cfg *config.Config) {
	attrs := []any{
		"version", version, "pid", os.Getpid(), "cpus", p.cpus.N, "cpus_why", p.cpus.Why, "mode", string(cfg.Mode),
		"workers", p.workers, "command", cfg.Command.String(), "stop_timeout", time.Duration(cfg.StopTimeout).String(),
		"stop_timeout_why", cfg.Setting("PERCORE_STOP_TIMEOUT").Reason,
	}
	if len(cfg.Programs) > 0 {
		attrs = append(attrs, "programs", cfg.Programs.String())
	}
	if cfg.Mode.Facts().FrontDoor {
		attrs = append(attrs, "listen", cfg.Listen.String(), "loops", p.loops, "memory_bytes", p.memory, "forwarded_headers_trusted_from", trustedFrom(cfg))
	}
	log.Info("percore starts", attrs...)
	for _, note := range p.notes {
		log.Warn("degraded", "reason", note)
	}
}

// why says how many CPUs there are to use, and by what.
func (p *plan) why() string {
	if p.cpus.N == 1 {
		return "1 CPU: " + p.cpus.Why
	}
	return fmt.Sprintf("%d CPUs: %s", p.cpus.N, p.cpus.Why)
}

// trustedFrom says whose word about clients counts, as the wrong answer to that makes every address in a log a lie.
func trustedFrom(cfg *config.Config) string {
	switch {
	case cfg.TrustedHops > 0:
		return "everybody; hops: " + cfg.TrustedHops.String()
	case cfg.TrustedProxies.Nobody():
		return "nobody"
	}
	return cfg.TrustedProxies.String()
}

// demoCommand is the demo worker's command line.
func demoCommand() []string {
	return []string{self.Name(), "demo-worker", "{port}", "{index}", "{name}"}
}
