package main

import (
	"fmt"
	"strings"
)

// row is one workload, the same for every subject.
type row struct {
	name      string
	title     string
	conns     int
	bodyBytes int
	closeEach bool // a new connection per request
	rate      int  // requests per second, one at a time; 0 means the next one follows an answer at once
	variant
}

// The parts of the bench that are not rows of CPU time.
const (
	memoryPart   = "idle"     // resident memory, and CPU time without a request
	tailsPart    = "tails"    // latency under uneven service times
	overloadPart = "overload" // five times as many requests as the workers can take
)

func allParts() []string { return []string{memoryPart, tailsPart, overloadPart} }

// allRows lists the workloads; the first is the one that issue 2 sets a bar for.
func allRows() []row {
	return []row{
		{name: "1k-64", title: "1 KiB answer, 64 keep-alive connections", conns: 64, bodyBytes: 1024, variant: plain()},
		{name: "1k-1", title: "1 KiB answer, 1 keep-alive connection", conns: 1, bodyBytes: 1024, variant: plain()},
		{name: "1k-16", title: "1 KiB answer, 16 keep-alive connections", conns: 16, bodyBytes: 1024, variant: plain()},
		{name: "unix", title: "1 KiB answer, 64 keep-alive connections, worker on a unix socket", conns: 64, bodyBytes: 1024, variant: variant{loops: 1, unix: true}},
		{name: "loops", title: "1 KiB answer, 64 keep-alive connections, two loops on both CPUs", conns: 64, bodyBytes: 1024, variant: variant{loops: 2}},
		{name: "64k", title: "64 KiB answer, 16 keep-alive connections", conns: 16, bodyBytes: 64 << 10, variant: plain()},
		{name: "1m", title: "1 MiB answer, 8 keep-alive connections", conns: 8, bodyBytes: 1 << 20, variant: plain()},
		{name: "close", title: "1 KiB answer, a new connection per request, 16 at a time", conns: 16, bodyBytes: 1024, closeEach: true, variant: plain()},
		{name: "lone", title: "1 KiB answer, 1000 lone requests per second", conns: 1, bodyBytes: 1024, rate: 1000, variant: plain()},
	}
}

func rowNames() []string {
	var names []string
	for _, r := range allRows() {
		names = append(names, r.name)
	}
	return append(names, allParts()...)
}

// chooseRows resolves a comma list of names into rows and other parts.
func chooseRows(list string) (rows []row, parts []string, err error) {
	known := map[string]row{}
	for _, r := range allRows() {
		known[r.name] = r
	}
	for _, name := range strings.Split(list, ",") {
		r, ok := known[name]
		switch {
		case contains(allParts(), name):
			parts = append(parts, name)
		case ok:
			rows = append(rows, r)
		default:
			return nil, nil, fmt.Errorf("choose row %q: not one of %s", name, strings.Join(rowNames(), ", "))
		}
	}
	return rows, parts, nil
}

// variantsOf lists what the rows need, each once.
func variantsOf(rows []row) []variant {
	var list []variant
	seen := map[variant]bool{}
	for _, r := range rows {
		if !seen[r.variant] {
			seen[r.variant] = true
			list = append(list, r.variant)
		}
	}
	return list
}
