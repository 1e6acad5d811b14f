package main

import (
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"percore/entrypoint/config"
	"percore/entrypoint/config/environment"
	"percore/entrypoint/output"
	"percore/entrypoint/plan"
	"percore/reaper/early"
	"percore/reaper/single"
)

// wantsInit says whether play is going to end up in initMode.
func (in invocation) wantsInit() bool {
	if len(in.args) > 0 && words[in.args[0]] != nil {
		return in.args[0] == "init"
	}
	return config.WantsInit(in.environ)
}

// impatient is stderr in mode init, which says little and has no goroutine to wait in: what does not fit at once is lost.
type impatient struct{ to *output.File }

func (w impatient) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		ready, err := unix.Poll([]unix.PollFd{{Fd: int32(unix.Stderr), Events: unix.POLLOUT}}, 0)
		if ready != 1 || err != nil {
			break
		}
		n, err := w.to.TryWrite(rest[:min(len(rest), pipeBuf)])
		if n == 0 || err != nil {
			break
		}
		rest = rest[n:]
	}
	return len(p), nil
}

// pipeBuf is PIPE_BUF: as much fits into a pipe that poll calls writable (man 7 pipe).
const pipeBuf = 4096

// initWord is `percore init [--] COMMAND…`.
func initWord(in invocation) int {
	rest := in.args[1:]
	if len(rest) > 0 && rest[0] == "--" {
		rest = rest[1:]
	} else if len(rest) > 0 && rest[0] != "" && rest[0][0] == '-' {
		fmt.Fprintf(in.stderr, "percore: init has no option %q: PERCORE_ variables take their place, see percore env\n", rest[0])
		return exitConfig
	}
	return initMode(in, rest)
}

// initMode runs one child in its own right: no fleet, no log, and nothing on stderr unless something is wrong.
func initMode(in invocation, command []string) int {
	if state, is := environment.RoleOf(in.environ).Shim(); is {
		return single.Become(state, command, in.environ, in.stderr)
	}
	cfg, warnings, err := config.LoadInit(in.environ, os.Getuid())
	for _, w := range warnings {
		fmt.Fprintln(in.stderr, "percore: warning:", w)
	}
	if err != nil {
		fmt.Fprintln(in.stderr, "percore:", err)
		return exitConfig
	}
	if len(command) == 0 {
		command = cfg.Command.Words
	}
	if len(command) == 0 {
		fmt.Fprintln(in.stderr, "percore: no command: name it as init's arguments, as in percore init -- python3 main.py, or in PERCORE_COMMAND")
		return exitConfig
	}
	return single.Run(initOptions(in, cfg, command))
}

func initOptions(in invocation, cfg *config.Config, command []string) single.Options {
	return single.Options{
		Args: command, Inherited: single.Inherit(in.environ), Stderr: in.stderr, Release: early.Finish,
		Rewrite: plan.SignalMap(cfg.SignalMap), Group: bool(cfg.SignalGroup), Tree: bool(cfg.KillTree), Pdeathsig: syscall.Signal(cfg.Pdeathsig), NoNewPrivs: bool(cfg.NoNewPrivs),
		WaitAll: bool(cfg.WaitAll), StopTimeout: time.Duration(cfg.StopTimeout), Remap: cfg.ExitRemap,
		ShimEntry: environment.RoleShim.Assignment(),
	}
}
