package main

import (
	"context"
	"strconv"
)

// relaySubject is the floor: relay.c.
func relaySubject() subject {
	return subject{
		name: "relay",
		launch: func(_ context.Context, l *lab, port int) (launch, error) {
			return launch{argv: []string{l.tools.relay, strconv.Itoa(port), strconv.Itoa(l.workerPort)}}, nil
		},
		version: func(ctx context.Context) string {
			return firstLine(ctx, "gcc", "--version") + " -O2 (relay, worker, load)"
		},
		roles: everything,
		raw:   true,
	}
}
