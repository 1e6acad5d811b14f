// Package native has the programs of the benches that are in C, because their cost must be small and constant: no runtime, no
// collector. relay.c is the floor that no proxy on epoll gets below, load.c the closed loop, bodies.c the one of large bodies,
// worker.c and sleeper.c are the workers. Each says in its head what it takes.
package native

import (
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed relay.c worker.c sleeper.c load.c bodies.c
var sources embed.FS

// Programs holds the paths of the compiled C programs.
type Programs struct {
	Relay, Worker, Sleeper, Load, Bodies string
}

// Compile compiles the programs into dir.
func Compile(dir string) (Programs, error) {
	t := Programs{
		Relay: filepath.Join(dir, "relay"), Worker: filepath.Join(dir, "worker"), Sleeper: filepath.Join(dir, "sleeper"),
		Load: filepath.Join(dir, "load"), Bodies: filepath.Join(dir, "bodies"),
	}
	for _, binary := range []string{t.Relay, t.Worker, t.Sleeper, t.Load, t.Bodies} {
		if err := compile(binary); err != nil {
			return Programs{}, err
		}
	}
	return t, nil
}

func compile(binary string) error {
	name := filepath.Base(binary) + ".c"
	text, err := sources.ReadFile(name)
	if err != nil {
		return fmt.Errorf("read source %s: %w", name, err)
	}
	if err := os.WriteFile(binary+".c", text, 0o644); err != nil {
		return fmt.Errorf("write source %s: %w", name, err)
	}
	out, err := exec.Command("gcc", "-O2", "-pthread", "-o", binary, binary+".c").CombinedOutput()
	if err != nil {
		return fmt.Errorf("compile %s (apt-get install gcc libc6-dev): %w\n%s", name, err, out)
	}
	return nil
}
