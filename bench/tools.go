package main

import (
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed relay.c worker.c sleeper.c load.c
var sources embed.FS

// tools holds the paths of the compiled C programs.
type tools struct {
	relay, worker, sleeper, load string
}

// compileTools compiles the C programs into dir. C, because their cost must be small and constant: no runtime, no collector.
func compileTools(dir string) (tools, error) {
	t := tools{relay: filepath.Join(dir, "relay"), worker: filepath.Join(dir, "worker"), sleeper: filepath.Join(dir, "sleeper"), load: filepath.Join(dir, "load")}
	for _, binary := range []string{t.relay, t.worker, t.sleeper, t.load} {
		if err := compile(binary); err != nil {
			return tools{}, err
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
	out, err := exec.Command("gcc", "-O2", "-o", binary, binary+".c").CombinedOutput()
	if err != nil {
		return fmt.Errorf("compile %s (apt-get install gcc libc6-dev): %w\n%s", name, err, out)
	}
	return nil
}
