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
	upload    int  // bytes that go up with each request
	chunked   bool // in chunks
	late      bool // an answer is read when its worker has written all of it
	subject.Variant
}

// units is by how many things a request's cost is divided: by its mebibytes where bodies are held, otherwise by itself.
func (r row) units() int64 {
	if !r.Holds {
		return 1
	}
	return int64(max(r.upload, r.bodyBytes) >> 20)
}

// unit is what the figures of a row are for each of.
func (r row) unit() string {
	if !r.Holds {
		return "request"
	}
	return "MiB"
}

// The parts of the bench that are not rows of CPU time.
const (
	memoryPart   = "idle"     // resident memory, and CPU time without a request
	tailsPart    = "tails"    // latency under uneven service times
	overloadPart = "overload" // five times as many requests as the workers can take

	slowUploadsPart = "slow-uploads" // small requests beside slow uploads
	slowReadersPart = "slow-readers" // and beside slow readers of large answers
)

// heldGroup names, in a list of rows, all that is about held bodies. It takes some four minutes, so that it is no part of a
// run that nobody has chosen the rows of.
const heldGroup = "held"

func usualParts() []string { return []string{memoryPart, tailsPart, overloadPart} }

func heldParts() []string { return []string{slowUploadsPart, slowReadersPart} }

// usualRows lists the workloads; the first is the one that issue 2 sets a bar for.
func usualRows() []row {
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

// heldRows are those of bodies that percore and nginx hold: a request's until it is whole, so that its worker gets it at once
// and with its length, and an answer's when its client does not take it.
func heldRows() []row {
	holding := subject.Holding()
	return []row{
		{name: "upload-1m", title: "1 MiB upload, 8 keep-alive connections", conns: 8, bodyBytes: 1024, upload: 1 << 20, Variant: holding},
		{
			name: "upload-1m-chunked", title: "1 MiB upload in chunks, 8 keep-alive connections",
			conns: 8, bodyBytes: 1024, upload: 1 << 20, chunked: true, Variant: holding,
		},
		{name: "upload-64m", title: "64 MiB upload, 2 keep-alive connections", conns: 2, bodyBytes: 1024, upload: 64 << 20, Variant: holding},
		{
			name: "upload-64m-chunked", title: "64 MiB upload in chunks, 2 keep-alive connections",
			conns: 2, bodyBytes: 1024, upload: 64 << 20, chunked: true, Variant: holding,
		},
		{name: "download-10m", title: "10 MiB answer, 4 keep-alive connections", conns: 4, bodyBytes: 10 << 20, Variant: holding},
		{
			name: "download-10m-late", title: "10 MiB answer, read when its worker has written all of it",
			conns: 1, bodyBytes: 10 << 20, late: true, Variant: holding,
		},
	}
}

// usualNames are what is measured when nothing is chosen.
func usualNames() []string { return append(namesOf(usualRows()), usualParts()...) }

func heldNames() []string { return append(namesOf(heldRows()), heldParts()...) }

func rowNames() []string { return append(usualNames(), heldNames()...) }

func namesOf(rows []row) (names []string) {
	for _, r := range rows {
		names = append(names, r.name)
	}
	return names
}

// chooseRows resolves a comma list of names into rows and other parts.
func chooseRows(list string) (rows []row, parts []string, err error) {
	known := map[string]row{}
	for _, r := range append(usualRows(), heldRows()...) {
		known[r.name] = r
	}
	names := strings.Split(list, ",")
	if at := slices.Index(names, heldGroup); at >= 0 {
		names = slices.Replace(names, at, at+1, heldNames()...)
	}
	for _, name := range names {
		r, ok := known[name]
		switch {
		case slices.Contains(append(usualParts(), heldParts()...), name):
			parts = append(parts, name)
		case ok:
			rows = append(rows, r)
		default:
			return nil, nil, fmt.Errorf("choose row %q: not one of %s, %s", name, strings.Join(rowNames(), ", "), heldGroup)
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
