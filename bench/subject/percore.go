package subject

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"percore/bench/machine"
	"percore/e2e/proc"
	"percore/e2e/program"
)

// Percore is percore with workers of its own. A binary given by the user is measured as it is;
// otherwise the one in this tree is built as it is shipped.
func Percore(binary string) Subject {
	return Subject{
		Name: "percore",
		Launch: func(ctx context.Context, in Place, s Setup) (Launch, error) {
			return launchPercore(ctx, in, binary, s)
		},
		Version: func(ctx context.Context) string { return percoreVersion(ctx, binary) },
		Roles:   percoreRoles,
		Holds:   true,
	}
}

func percoreVersion(ctx context.Context, binary string) string {
	if binary != "" {
		return binary + ": " + machine.FirstLine(ctx, binary, "version")
	}
	return "percore " + machine.Commit(ctx) + ", " + machine.FirstLine(ctx, "go", "version")
}

func launchPercore(ctx context.Context, in Place, binary string, s Setup) (Launch, error) {
	if binary == "" {
		binary = filepath.Join(in.Dir, "percore")
		if err := build(ctx, binary, program.Percore); err != nil {
			return Launch{}, err
		}
	}
	binary, err := filepath.Abs(binary)
	if err != nil {
		return Launch{}, fmt.Errorf("find percore: %w", err)
	}
	if err := percoreKnows(ctx, binary, needs(s)...); err != nil {
		return Launch{}, err
	}
	if s.Holds && percoreKnows(ctx, binary, bodyFolder) != nil {
		s.Bodies = "" // an older one, which streams: what was before
	}
	ports, err := program.FreePorts(s.Workers) // the run's, to its end
	if err != nil {
		return Launch{}, err
	}
	return Launch{Argv: append([]string{binary, "--"}, s.Worker...), Env: percoreEnv(s, ports.First)}, nil
}

// bodyFolder is the variable that says where percore holds bodies.
const bodyFolder = "PERCORE_CLIENT_BODY_TEMP_PATH"

// needs lists the variables that a set-up takes and that older binaries lack.
func needs(s Setup) (names []string) {
	if s.Unix {
		names = append(names, "PERCORE_BIND")
	}
	if s.Discipline == OneAtATime {
		names = append(names, "PERCORE_WORKER_CONCURRENCY")
	}
	return names
}

// percoreKnows is an error when the binary lacks one of the variables.
func percoreKnows(ctx context.Context, binary string, names ...string) error {
	if len(names) == 0 {
		return nil
	}
	out, err := exec.CommandContext(ctx, binary, "env").Output()
	if err != nil {
		return fmt.Errorf("ask percore for its variables: %w", err)
	}
	for _, name := range names {
		if !strings.Contains(string(out), name+" ") {
			return fmt.Errorf("set up percore: it has no %s", name)
		}
	}
	return nil
}

// build builds a program of this module. A later call finds what an earlier one has built.
func build(ctx context.Context, to, pkg string) error {
	if _, err := os.Stat(to); err == nil {
		return nil
	}
	return program.Build(ctx, to, pkg)
}

func percoreEnv(s Setup, workerPort int) []string {
	env := []string{
		"PERCORE_MODE=http",
		"PERCORE_LISTEN=127.0.0.1:" + strconv.Itoa(s.Port),
		"PERCORE_CONTROL=@percore-bench-" + strconv.Itoa(s.Port), // no command that is meant for another percore comes here
		"PERCORE_LOOPS=" + strconv.Itoa(s.Loops),
		"PERCORE_WORKERS=" + strconv.Itoa(s.Workers),
		"PERCORE_PORTS_FROM=" + strconv.Itoa(workerPort),
		"PERCORE_ACCESS_LOG=off",
		"PERCORE_KEEPALIVE=128", // as many as nginx keeps
		"PERCORE_QUEUE_TIMEOUT=" + cmp.Or(s.QueueWait, "60s"),
		"PERCORE_LOGLEVEL=warn",
		"PERCORE_STOP_TIMEOUT=3",
	}
	if s.Unix {
		env = append(env, "PERCORE_BIND=unix")
	}
	if s.Discipline == OneAtATime {
		env = append(env, "PERCORE_WORKER_CONCURRENCY=1")
	}
	if s.Holds {
		env = append(env, "PERCORE_CLIENT_MAX_BODY_SIZE="+strconv.Itoa(bodyMax))
	}
	if s.Bodies != "" {
		env = append(env, bodyFolder+"="+s.Bodies)
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
