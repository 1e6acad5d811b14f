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
	"percore/entrypoint/self"
	"percore/reaper/early"
	"percore/reaper/single"
)

// wantsInit reports whether play is going to end up in initMode.
func wantsInit(in self.Invocation) bool {
	if len(in.Args) > 0 && words[in.Args[0]] != nil {
		return in.Args[0] == "init"
	}
	return config.WantsInit(in.Environ)
}

// impatient is stderr in mode init, which says little and has no goroutine to wait in: what does not fit at once is
// lost.
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
func initWord(in self.Invocation) int {
	rest := in.Args[1:]
	if len(rest) > 0 && rest[0] == "--" {
		rest = rest[1:]
	} else if len(rest) > 0 && rest[0] != "" && rest[0][0] == '-' {
		fmt.Fprintf(in.Stderr, "percore: init has no option %q: PERCORE_ variables take their place, see "+
			"percore env\n", rest[0])
		return self.ExitConfig
	}
	return initMode(in, rest)
}

// initMode runs one child in its own right: no fleet, no log, and nothing on stderr unless something is wrong.
func initMode(in self.Invocation, command []string) int {
	if state, is := environment.RoleOf(in.Environ).Shim(); is {
		return single.Become(state, command, in.Environ, in.Stderr)
	}
	cfg, warnings, err := config.LoadInit(in.Environ, os.Getuid())
	for _, w := range warnings {
		fmt.Fprintln(in.Stderr, "percore: warning:", w)
	}
	if err != nil {
		fmt.Fprintln(in.Stderr, "percore:", err)
		return self.ExitConfig
	}
	if len(command) == 0 {
		command = cfg.Command.Words
	}
	if len(command) == 0 {
		fmt.Fprintln(in.Stderr, "percore: no command: name it as init's arguments, as in percore init -- "+
			"python3 main.py, or in PERCORE_COMMAND")
		return self.ExitConfig
	}
	return single.Run(initOptions(in, cfg, command))
}

func initOptions(in self.Invocation, cfg *config.Config, command []string) single.Options {
	return single.Options{
		Args: command, Inherited: single.Inherit(in.Environ), Stderr: in.Stderr, Release: early.Finish,
		Rewrite: plan.SignalMap(cfg.SignalMap), Group: bool(cfg.SignalGroup), Tree: bool(cfg.KillTree),
		Pdeathsig: syscall.Signal(cfg.Pdeathsig), NoNewPrivs: bool(cfg.NoNewPrivs),
		WaitAll: bool(cfg.WaitAll), StopTimeout: time.Duration(cfg.StopTimeout), Remap: cfg.ExitRemap,
		ShimEntry: environment.RoleShim.Assignment(),
	}
}
