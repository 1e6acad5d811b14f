package subject

import (
	"context"
	"strconv"
	"strings"

	"percore/bench/machine"
)

// Relay is the floor: relay.c.
func Relay() Subject {
	return Subject{
		Name: "relay",
		Launch: func(_ context.Context, in Place, s Setup) (Launch, error) {
			to := strings.TrimPrefix(s.upstream(), "127.0.0.1:")
			return Launch{Argv: []string{in.Relay, strconv.Itoa(s.Port), to}}, nil
		},
		Version: func(ctx context.Context) string {
			return machine.FirstLine(ctx, "gcc", "--version") + " -O2 (relay, worker, sleeper, load, bodies)"
		},
		Roles: everything,
		Raw:   true, Single: true,
	}
}
