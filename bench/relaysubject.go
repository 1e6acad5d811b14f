package main

import (
	"context"
	"strconv"
	"strings"
)

// relaySubject is the floor: relay.c.
func relaySubject() subject {
	return subject{
		name: "relay",
		launch: func(_ context.Context, l *lab, s setup) (launch, error) {
			to := strings.TrimPrefix(s.upstream(), "127.0.0.1:")
			return launch{argv: []string{l.tools.relay, strconv.Itoa(s.port), to}}, nil
		},
		version: func(ctx context.Context) string {
			return firstLine(ctx, "gcc", "--version") + " -O2 (relay, worker, sleeper, load)"
		},
		roles: everything,
		raw:   true, single: true,
	}
}
