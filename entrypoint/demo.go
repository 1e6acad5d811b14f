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
	"percore/entrypoint/supervise"
)

// superviseDemo runs a fleet of the built-in demo worker, with all that the environment says of the rest.
func superviseDemo(in self.Invocation) int {
	if err := plan.CheckOwnRoom(); err != nil {
		fmt.Fprintln(in.Stderr, "percore:", err)
		return self.ExitConfig
	}
	in.Environ = environment.WithDefaults(in.Environ, "PERCORE_LISTEN="+demoAddress(os.Getpid()), "PERCORE_NAME=demo",
		"PERCORE_GROUP=demos")
	cfg, ok := supervise.Load(in, demoCommand())
	if !ok {
		return self.ExitConfig
	}
	if cfg.Bind == value.BindUnix {
		fmt.Fprintln(in.Stderr, "percore: PERCORE_BIND=unix: the demo worker listens on a port; unset it, or "+
			"run a program of your own")
		return self.ExitConfig
	}
	return supervise.Run(in, cfg, environment.RoleDemoWorker, demoCommand())
}

// demoAddress is where a demo listens unless it is told otherwise: on this machine only, or a demo would be on a
// public address by accident. A container's network is a boundary of its own, which `docker run -p` opens on
// purpose.
func demoAddress(pid int) string {
	if pid == 1 {
		return ":8080"
	}
	return "127.0.0.1:8080"
}

// demoWorker is the hidden role of a demo fleet's workers; its words are port, index and name.
func demoWorker(in self.Invocation) int {
	if len(in.Args) != 4 {
		fmt.Fprintln(in.Stderr, "percore: the demo worker is started by percore demo")
		return self.ExitConfig
	}
	port, err := strconv.Atoi(in.Args[1])
	if err != nil {
		fmt.Fprintln(in.Stderr, "percore: demo worker's port:", err)
		return self.ExitConfig
	}
	index, err := strconv.Atoi(in.Args[2])
	if err != nil {
		fmt.Fprintln(in.Stderr, "percore: demo worker's index:", err)
		return self.ExitConfig
	}
	return serveDemo(in, demo.Options{Port: port, Index: index, Name: in.Args[3], Exit: os.Exit})
}

func serveDemo(in self.Invocation, o demo.Options) int {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go func() {
		for s := range in.Signals {
			if s == syscall.SIGTERM || s == os.Interrupt {
				stop()
			}
		}
	}()
	if err := demo.Serve(ctx, o); err != nil {
		_, _ = io.WriteString(in.Stderr, "percore: demo worker: "+err.Error()+"\n")
		return self.ExitInternal
	}
	return self.ExitOK
}

// demoCommand is the demo worker's command line.
func demoCommand() []string {
	return []string{self.Name(), "demo-worker", "{port}", "{index}", "{name}"}
}
