package supervise

import (
	"fmt"
	"os"

	"percore/entrypoint/config"
	"percore/entrypoint/self"
)

// Load reads the environment and says everything that is wrong with it.
func Load(in self.Invocation, command []string) (*config.Config, bool) {
	cfg, warnings, err := config.LoadWith(in.Environ, command, os.Getuid())
	for _, w := range warnings {
		fmt.Fprintln(in.Stderr, "percore: warning:", w)
	}
	if err != nil {
		fmt.Fprintln(in.Stderr, "percore:", err)
		return nil, false
	}
	return cfg, true
}
