package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"syscall"

	"percore/entrypoint/config/environment"
	"percore/entrypoint/config/value"
	"percore/entrypoint/demo"
	"percore/entrypoint/plan"
	"percore/entrypoint/self"
)

// superviseDemo runs a fleet of the built-in demo worker, with all that the environment says of the rest.
func superviseDemo(in invocation) int {
	if err := plan.CheckOwnRoom(); err != nil {
		fmt.Fprintln(in.stderr, "percore:", err)
		return exitConfig
	}
	in.environ = environment.WithDefaults(in.environ, "PERCORE_LISTEN="+demoAddress(os.Getpid()), "PERCORE_NAME=demo", "PERCORE_GROUP=demos")
	cfg, ok := loadConfig(in, demoCommand())
	if !ok {
		return exitConfig
	}
	if cfg.Bind == value.BindUnix {
		fmt.Fprintln(in.stderr, "percore: PERCORE_BIND=unix: the demo worker listens on a port; unset it, or run a program of your own")
		return exitConfig
	}
	return superviseConfig(in, cfg, environment.RoleDemoWorker, demoCommand())
}

// demoAddress is where a demo listens unless it is told otherwise: on this machine only, or somebody would have a demo on a
// public address by accident. A container's network is a boundary of its own, which `docker run -p` opens on purpose.
func demoAddress(pid int) string {
	if pid == 1 {
		return ":8080"
	}
	return "127.0.0.1:8080"
}

// demoWorker is the hidden role of a demo fleet's workers; its words are port, index and name.
func demoWorker(in invocation) int {
	if len(in.args) != 4 {
		fmt.Fprintln(in.stderr, "percore: the demo worker is started by percore demo")
		return exitConfig
	}
	port, err := strconv.Atoi(in.args[1])
	if err != nil {
		fmt.Fprintln(in.stderr, "percore: demo worker's port:", err)
		return exitConfig
	}
	index, err := strconv.Atoi(in.args[2])
	if err != nil {
		fmt.Fprintln(in.stderr, "percore: demo worker's index:", err)
		return exitConfig
	}
	return serveDemo(in, demo.Options{Port: port, Index: index, Name: in.args[3], Exit: os.Exit})
}

func serveDemo(in invocation, o demo.Options) int {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go func() {
		for s := range in.signals {
			if s == syscall.SIGTERM || s == os.Interrupt {
				stop()
			}
		}
	}()
	if err := demo.Serve(ctx, o); err != nil {
		_, _ = io.WriteString(in.stderr, "percore: demo worker: "+err.Error()+"\n")
		return exitInternal
	}
	return exitOK
}

// demoCommand is the demo worker's command line.
func demoCommand() []string {
	return []string{self.Name(), "demo-worker", "{port}", "{index}", "{name}"}
}
