package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"percore/e2e/proc"
)

// percoreSubject is percore with workers of its own. A binary given by the user is measured as it is;
// otherwise the one in this tree is built as it is shipped.
func percoreSubject(binary string) subject {
	return subject{
		name: "percore",
		launch: func(ctx context.Context, l *lab, s setup) (launch, error) {
			return launchPercore(ctx, l, binary, s)
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

func launchPercore(ctx context.Context, l *lab, binary string, s setup) (launch, error) {
	if binary == "" {
		binary = filepath.Join(l.dir, "percore")
		if err := buildGo(ctx, binary, "percore/entrypoint"); err != nil {
			return launch{}, err
		}
	}
	binary, err := filepath.Abs(binary)
	if err != nil {
		return launch{}, fmt.Errorf("find percore: %w", err)
	}
	if err := percoreKnows(ctx, binary, s); err != nil {
		return launch{}, err
	}
	workerPort, err := freePorts(s.workers)
	if err != nil {
		return launch{}, err
	}
	return launch{argv: append([]string{binary, "--"}, s.worker...), env: percoreEnv(s, workerPort)}, nil
}

// percoreKnows is an error when the binary, which may be an older one, lacks a variable that the set-up needs.
func percoreKnows(ctx context.Context, binary string, s setup) error {
	var needed []string
	if s.unix {
		needed = append(needed, "PERCORE_BIND")
	}
	if s.discipline == oneAtATime {
		needed = append(needed, "PERCORE_WORKER_CONCURRENCY")
	}
	if len(needed) == 0 {
		return nil
	}
	out, err := exec.CommandContext(ctx, binary, "env").Output()
	if err != nil {
		return fmt.Errorf("ask percore for its variables: %w", err)
	}
	for _, name := range needed {
		if !strings.Contains(string(out), name+" ") {
			return fmt.Errorf("set up percore: it has no %s", name)
		}
	}
	return nil
}

// buildGo builds a program of this module as percore is shipped. A later call finds what an earlier one has built.
func buildGo(ctx context.Context, to, pkg string) error {
	if _, err := os.Stat(to); err == nil {
		return nil
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", to, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", pkg, err, strings.TrimSpace(string(out)))
	}
	return nil
}

func percoreEnv(s setup, workerPort int) []string {
	env := []string{
		"PERCORE_MODE=http",
		"PERCORE_LISTEN=127.0.0.1:" + strconv.Itoa(s.port),
		"PERCORE_CONTROL=@percore-bench-" + strconv.Itoa(s.port), // no command that is meant for another percore comes here
		"PERCORE_LOOPS=" + strconv.Itoa(s.loops),
		"PERCORE_WORKERS=" + strconv.Itoa(s.workers),
		"PERCORE_PORTS_FROM=" + strconv.Itoa(workerPort),
		"PERCORE_ACCESS_LOG=off",
		"PERCORE_KEEPALIVE=128", // as many as nginx keeps
		"PERCORE_QUEUE_TIMEOUT=" + cmp.Or(s.queueWait, "60s"),
		"PERCORE_LOGLEVEL=warn",
		"PERCORE_STOP_TIMEOUT=3",
	}
	if s.unix {
		env = append(env, "PERCORE_BIND=unix")
	}
	if s.discipline == oneAtATime {
		env = append(env, "PERCORE_WORKER_CONCURRENCY=1")
	}
	return env
}

// percoreRoles counts the front door, which does all of the proxying; PID 1 is reported aside, the worker not at all.
func percoreRoles(family []proc.Process) (counted, aside []int) {
	for i, p := range family {
		switch {
		case i == 0:
			aside = append(aside, p.PID)
		case p.Argument(1) == "front":
			counted = append(counted, p.PID)
		}
	}
	return counted, aside
}
