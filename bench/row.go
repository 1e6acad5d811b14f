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
}

// memoryRow names the row that measures resident memory instead of CPU time.
const memoryRow = "idle"

// allRows lists the workloads; the first is the one that issue 2 sets a bar for.
func allRows() []row {
	return []row{
		{name: "1k-64", title: "1 KiB answer, 64 keep-alive connections", conns: 64, bodyBytes: 1024},
		{name: "1k-1", title: "1 KiB answer, 1 keep-alive connection", conns: 1, bodyBytes: 1024},
		{name: "1k-16", title: "1 KiB answer, 16 keep-alive connections", conns: 16, bodyBytes: 1024},
		{name: "64k", title: "64 KiB answer, 16 keep-alive connections", conns: 16, bodyBytes: 64 << 10},
		{name: "1m", title: "1 MiB answer, 8 keep-alive connections", conns: 8, bodyBytes: 1 << 20},
		{name: "close", title: "1 KiB answer, a new connection per request, 16 at a time", conns: 16, bodyBytes: 1024, closeEach: true},
	}
}

func rowNames() []string {
	var names []string
	for _, r := range allRows() {
		names = append(names, r.name)
	}
	return append(names, memoryRow)
}

// chooseRows resolves a comma list of row names; memory says whether the memory row is among them.
func chooseRows(list string) (rows []row, memory bool, err error) {
	known := map[string]row{}
	for _, r := range allRows() {
		known[r.name] = r
	}
	for _, name := range strings.Split(list, ",") {
		r, ok := known[name]
		switch {
		case name == memoryRow:
			memory = true
		case ok:
			rows = append(rows, r)
		default:
			return nil, false, fmt.Errorf("choose row %q: not one of %s", name, strings.Join(rowNames(), ", "))
		}
	}
	return rows, memory, nil
}
