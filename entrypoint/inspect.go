package main

import (
	"fmt"
	"io"
	"os"

	"percore/entrypoint/config"
	"percore/reaper/ports"
)

// check validates the environment as a start would, and prints what would hold. Where a PID 1 with the same environment
// runs in this container, what holds there is printed, with what updates have changed.
func check(in invocation) int {
	rest := in.args[1:]
	if len(rest) > 0 && rest[0] == "--" {
		rest = rest[1:]
	}
	if len(rest) == 0 {
		if text, running := runningConfiguration(in); running {
			fmt.Fprintln(in.stdout, text)
			return exitOK
		}
	}
	cfg, ok := loadConfig(in, rest)
	if !ok {
		return exitConfig
	}
	if _, err := planFleet(cfg); err != nil {
		fmt.Fprintln(in.stderr, "percore:", err)
		return exitConfig
	}
	if why := ports.Blind(); why != "" {
		fmt.Fprintln(in.stderr, "percore: warning:", why)
	}
	if err := cfg.WriteEffective(in.stdout); err != nil {
		fmt.Fprintln(in.stderr, "percore:", err)
		return exitInternal
	}
	return exitOK
}

// reference prints every variable.
func reference(in invocation) int {
	write := config.WriteText
	if len(in.args) > 1 {
		known := map[string]func(io.Writer) error{"--markdown": config.WriteMarkdown, "--json": config.WriteJSON}
		write = known[in.args[1]]
	}
	if err := write(in.stdout); err != nil {
		fmt.Fprintln(in.stderr, "percore:", err)
		return exitInternal
	}
	return exitOK
}

// loadConfig reads the environment and says everything that is wrong with it.
func loadConfig(in invocation, command []string) (*config.Config, bool) {
	cfg, warnings, err := config.LoadWith(in.environ, command, os.Getuid())
	for _, w := range warnings {
		fmt.Fprintln(in.stderr, "percore: warning:", w)
	}
	if err != nil {
		fmt.Fprintln(in.stderr, "percore:", err)
		return nil, false
	}
	return cfg, true
}
