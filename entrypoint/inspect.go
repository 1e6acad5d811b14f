package main

import (
	"fmt"
	"io"
	"os"

	"percore/entrypoint/config"
	"percore/entrypoint/config/reference"
)

// printReference prints every variable.
func printReference(in invocation) int {
	write := reference.Text
	if len(in.args) > 1 {
		known := map[string]func(io.Writer) error{"--markdown": reference.Markdown, "--json": reference.JSON}
		write = known[in.args[1]]
	}
	return in.wrote(0, write(in.stdout))
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
