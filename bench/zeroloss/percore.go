package main

import (
	"context"
	"fmt"
)

// launchPercore leaves everything at its default but where it listens, how many workers there are, and, for workers that
// serve one request at a time, that they get one at a time.
func launchPercore(l *lab, s stack, dir string, port int) (launch, error) {
	command, marker := s.command(l, "{port}")
	return launch{
		argv: append([]string{l.percore, "--"}, command...), env: percoreEnv(s, dir, port),
		ports: append(s.workerPorts(port), port), marker: marker, status: []string{l.percore, "status"},
		restart: func(ctx context.Context, service *service) error {
			return service.control(ctx, l.percore, "restart", "tornadoes:*")
		},
	}, nil
}

func percoreEnv(s stack, dir string, port int) []string {
	env := []string{
		fmt.Sprintf("PERCORE_LISTEN=127.0.0.1:%d", port), fmt.Sprintf("PERCORE_PORTS_FROM=%d", port+1),
		fmt.Sprintf("PERCORE_WORKERS=%d", s.workers), "PERCORE_GROUP=tornadoes", "PERCORE_NAME=tornado", "PERCORE_CONTROL=" + dir + "/control.sock",
	}
	if s.blocking {
		env = append(env, "PERCORE_WORKER_CONCURRENCY=1")
	}
	return env
}
