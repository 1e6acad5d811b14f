package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"percore/entrypoint/config"
	"percore/entrypoint/config/value"
	"percore/entrypoint/control"
	"percore/entrypoint/control/ctl"
)

// controlWord is a command for a percore that runs already: `percore status`.
func controlWord(in invocation) int {
	tool, ok := controlTool(in)
	if !ok {
		return exitConfig
	}
	return tool.Run(in.args)
}

// supervisorctl is the role of a link of that name.
func supervisorctl(in invocation) int {
	tool, ok := controlTool(in)
	if !ok {
		return exitConfig
	}
	return tool.Supervisorctl(in.args)
}

func controlTool(in invocation) (*ctl.Tool, bool) {
	place, err := config.ControlOf(in.environ)
	if err != nil {
		fmt.Fprintln(in.stderr, "percore: PERCORE_CONTROL:", err)
		return nil, false
	}
	if place == value.ControlOff {
		fmt.Fprintln(in.stderr, "percore: there is no control socket: PERCORE_CONTROL=off")
		return nil, false
	}
	interrupted := make(chan struct{})
	go awaitInterrupt(in.signals, interrupted)
	return &ctl.Tool{
		Out: in.stdout, Err: in.stderr, In: os.Stdin, Place: control.Place(place), Proc: os.DirFS("/proc"), Environ: in.environ, Interrupted: interrupted,
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

// runningConfiguration is what the PID 1 of this container, or whoever PERCORE_CONTROL names, runs by. It is false where there
// is none, or one with another environment than ours.
func runningConfiguration(in invocation, asJSON bool) (text string, running bool) {
	conn := dialRunning(in)
	if conn == nil {
		return "", false
	}
	defer conn.Close()
	ours, _ := config.OnlyOurs(in.environ)
	ctx, cancel := context.WithTimeout(context.Background(), checkTimeout)
	defer cancel()
	_, err := conn.Call(ctx, control.Request{Verb: control.VerbCheck, Environ: ours, JSON: asJSON}, func(f control.Frame) error {
		text += f.Text
		return nil
	})
	return text, err == nil && (!asJSON || strings.HasPrefix(text, "{"))
}

// checkTimeout is how long check waits for PID 1 before it goes by its own environment.
const checkTimeout = 5 * time.Second
