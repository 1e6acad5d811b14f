package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// percoreSubject is percore with one loop and one worker of its own. A binary given by the user is measured as it is;
// otherwise the one in this tree is built as it is shipped.
func percoreSubject(binary string) subject {
	return subject{
		name: "percore",
		launch: func(ctx context.Context, l *lab, port int) (launch, error) {
			return launchPercore(ctx, l, binary, port)
		},
		version: func(ctx context.Context) string { return percoreVersion(ctx, binary) },
		roles:   percoreRoles,
	}
}

func percoreVersion(ctx context.Context, binary string) string {
	if binary != "" {
		return binary + ": " + firstLine(ctx, binary, "version")
	}
	return "percore " + firstLine(ctx, "git", "describe", "--always", "--dirty") + ", " + firstLine(ctx, "go", "version")
}

func launchPercore(ctx context.Context, l *lab, binary string, port int) (launch, error) {
	if binary == "" {
		binary = filepath.Join(l.dir, "percore")
		if err := buildPercore(ctx, binary); err != nil {
			return launch{}, err
		}
	}
	binary, err := filepath.Abs(binary)
	if err != nil {
		return launch{}, fmt.Errorf("find percore: %w", err)
	}
	workerPort, err := freePort()
	if err != nil {
		return launch{}, err
	}
	worker := []string{l.tools.worker, "--port={port}", "--cpu=" + strconv.Itoa(l.cpus.load)}
	return launch{argv: append([]string{binary, "--"}, worker...), env: percoreEnv(port, workerPort)}, nil
}

// buildPercore builds once per run: the memory row finds the binary of the first start.
func buildPercore(ctx context.Context, to string) error {
	if _, err := os.Stat(to); err == nil {
		return nil
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", to, "percore/entrypoint")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build percore: %w\n%s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

func percoreEnv(port, workerPort int) []string {
	return []string{
		"PERCORE_MODE=http",
		"PERCORE_LISTEN=127.0.0.1:" + strconv.Itoa(port),
		"PERCORE_LOOPS=1",
		"PERCORE_WORKERS=1",
		"PERCORE_PORTS_FROM=" + strconv.Itoa(workerPort),
		"PERCORE_ACCESS_LOG=off",
		"PERCORE_KEEPALIVE=128", // as many as nginx keeps
		"PERCORE_LOGLEVEL=warn",
		"PERCORE_STOP_TIMEOUT=3",
	}
}

// percoreRoles counts the front door, which does all of the proxying; PID 1 is reported aside, the worker not at all.
func percoreRoles(family []proc) (counted, aside []int) {
	for i, p := range family {
		switch {
		case i == 0:
			aside = append(aside, p.pid)
		case p.role() == "front":
			counted = append(counted, p.pid)
		}
	}
	return counted, aside
}
