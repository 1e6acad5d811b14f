package main

import (
	"fmt"
	"slices"
	"strings"

	"percore/bench/subject"
)

// row is one workload, the same for every subject.
type row struct {
	name      string
	title     string
	conns     int
	bodyBytes int
	closeEach bool // a new connection per request
	rate      int  // requests per second, one at a time; 0 means the next one follows an answer at once
	subject.Variant
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
		{name: "1k-64", title: "1 KiB answer, 64 keep-alive connections", conns: 64, bodyBytes: 1024, Variant: subject.Plain()},
		{name: "1k-1", title: "1 KiB answer, 1 keep-alive connection", conns: 1, bodyBytes: 1024, Variant: subject.Plain()},
		{name: "1k-16", title: "1 KiB answer, 16 keep-alive connections", conns: 16, bodyBytes: 1024, Variant: subject.Plain()},
		{name: "unix", title: "1 KiB answer, 64 keep-alive connections, worker on a unix socket", conns: 64, bodyBytes: 1024, Variant: subject.Variant{Loops: 1, Unix: true}},
		{name: "loops", title: "1 KiB answer, 64 keep-alive connections, two loops on both CPUs", conns: 64, bodyBytes: 1024, Variant: subject.Variant{Loops: 2}},
		{name: "64k", title: "64 KiB answer, 16 keep-alive connections", conns: 16, bodyBytes: 64 << 10, Variant: subject.Plain()},
		{name: "1m", title: "1 MiB answer, 8 keep-alive connections", conns: 8, bodyBytes: 1 << 20, Variant: subject.Plain()},
		{name: "close", title: "1 KiB answer, a new connection per request, 16 at a time", conns: 16, bodyBytes: 1024, closeEach: true, Variant: subject.Plain()},
		{name: "lone", title: "1 KiB answer, 1000 lone requests per second", conns: 1, bodyBytes: 1024, rate: 1000, Variant: subject.Plain()},
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
		case slices.Contains(allParts(), name):
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
func variantsOf(rows []row) []subject.Variant {
	var list []subject.Variant
	seen := map[subject.Variant]bool{}
	for _, r := range rows {
		if !seen[r.Variant] {
			seen[r.Variant] = true
			list = append(list, r.Variant)
		}
	}
	return list
}
