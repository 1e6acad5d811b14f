package main

import (
	"fmt"

	"percore/entrypoint/config/environment"
	"percore/entrypoint/plan"
	"percore/entrypoint/self"
	"percore/entrypoint/supervise"
)

// fleetMode is PID 1's role in every mode but init: the fleet behind the front door.
func fleetMode(in self.Invocation, command []string) int {
	if err := plan.CheckOwnRoom(); err != nil {
		fmt.Fprintln(in.Stderr, "percore:", err)
		return self.ExitConfig
	}
	cfg, ok := supervise.Load(in, command)
	if !ok {
		return self.ExitConfig
	}
	if !cfg.Mode.Facts().Fleet { // said in a way that wantsInit does not know: PERCORE_MODE_FILE
		return initMode(in, command)
	}
	return supervise.Run(in, cfg, environment.RoleUser, command)
}
