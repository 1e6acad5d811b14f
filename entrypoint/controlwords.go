package main

import (
	"fmt"
	"os"
	"syscall"

	"percore/entrypoint/config"
	"percore/entrypoint/config/value"
	"percore/entrypoint/control"
	"percore/entrypoint/control/ctl"
	"percore/entrypoint/self"
)

// controlWord is a command for a percore that runs already: `percore status`.
func controlWord(in self.Invocation) int {
	tool, ok := controlTool(in)
	if !ok {
		return self.ExitConfig
	}
	return tool.Run(in.Args)
}

// supervisorctl is the role of a link of that name.
func supervisorctl(in self.Invocation) int {
	tool, ok := controlTool(in)
	if !ok {
		return self.ExitConfig
	}
	return tool.Supervisorctl(in.Args)
}

func controlTool(in self.Invocation) (*ctl.Tool, bool) {
	place, err := config.ControlOf(in.Environ)
	if err != nil {
		fmt.Fprintln(in.Stderr, "percore: PERCORE_CONTROL:", err)
		return nil, false
	}
	if place == value.ControlOff {
		fmt.Fprintln(in.Stderr, "percore: there is no control socket: PERCORE_CONTROL=off")
		return nil, false
	}
	interrupted := make(chan struct{})
	go awaitInterrupt(in.Signals, interrupted)
	return &ctl.Tool{
		Out: in.Stdout, Err: in.Stderr, In: os.Stdin, Place: control.Place(place), Proc: os.DirFS("/proc"),
		Environ: in.Environ, Interrupted: interrupted,
	}, true
}

// awaitInterrupt closes interrupted at the first signal that asks a program to end; it lives as long as the process.
func awaitInterrupt(signals <-chan os.Signal, interrupted chan<- struct{}) {
	for s := range signals {
		switch s {
		case syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT:
			close(interrupted)
			return
		}
	}
}
