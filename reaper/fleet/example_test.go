package fleet_test

import (
	"fmt"
	"log/slog"
	"os"
	"time"

	"percore/reaper"
	"percore/reaper/fleet"
	"percore/reaper/lifecycle"
	"percore/reaper/probe"
)

// A fleet of one worker that may end passes its exit code on, as tini does.
func Example() {
	kernel := reaper.New(slog.New(slog.DiscardHandler))
	reaped := make(chan error)
	go func() { reaped <- kernel.Run() }()

	f := fleet.New(fleet.Options{
		Programs: []fleet.Program{{
			Group: "greeters", Name: "greeter", Command: []string{"/bin/sh", "-c", "echo hello from {name}; exit 3"},
			PortsFrom: 8000, Ready: probe.Check{Kind: probe.None}, Policy: lifecycle.Policy{Autorestart: lifecycle.Never}, Role: fleet.Role{Critical: true},
		}},
		Spawner:     kernel,
		Stdout:      os.Stdout,
		Stderr:      os.Stderr,
		StopTimeout: 9 * time.Second,
	})
	result := f.Run()
	kernel.Close()
	<-reaped
	fmt.Println(result.Code, f.Status()[0].Process, f.Status()[0].State)
	// Output:
	// hello from greeter-8000
	// 3 greeters:greeter-8000 EXITED
}
