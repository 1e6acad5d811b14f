package main

import (
	"fmt"
	"runtime"
	"strings"
	"time"

	"percore/bench/machine"
)

// report is all that was measured.
type report struct {
	when     time.Time
	options  options
	machine  string
	versions []string
	losses   []loss
	speeds   []speed
}

// loss is what POSTs came to behind a proxy whose worker has a certain conduct.
type loss struct {
	proxy string
	how   conduct
	tally
}

// speed is how fast a method is.
type speed struct {
	proxy, method string
	timing
}

// facts say what everything ran on.
func facts() string {
	return fmt.Sprintf("%s, %d CPUs, load %s at the start", machine.Kernel(), runtime.NumCPU(), machine.LoadAverage())
}

// page is the report as Markdown.
func (r *report) page() string {
	var b strings.Builder
	b.WriteString(`# Connections that are kept, measured

This page is written by

    go run ./bench/kept -markdown docs/kept-connections.md

[ADR 19](adr/0019-what-a-kept-connection-carries.md) has what percore does and why. All figures are from one run.

## POSTs lost to workers that end kept connections without saying so

`)
	b.WriteString("| the worker | " + strings.Join(proxyNames(), " | ") + " |\n|---" + strings.Repeat("|---", len(proxyNames())) + "|\n")
	for _, how := range conducts() {
		fmt.Fprintf(&b, "| %s |", how)
		for _, name := range proxyNames() {
			b.WriteString(" " + r.lossOf(name, how) + " |")
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, `
%d clients, each with a kept connection and %d POSTs one after the other, 0 to 2 ms apart. No worker says `+"`Connection: close`"+`. *Lost* is a POST with any
answer but 200, or none; a client repeats nothing. Nobody may send such a POST again: what the worker did with it is not known.

## What a HEAD takes

The answer to a HEAD has the length of the body that a GET would get, so percore ends the worker's connection behind it.

`, r.options.clients, r.options.requests)
	b.WriteString("|  | GET, median | answers per second | HEAD, median | answers per second |\n|---|---|---|---|---|\n")
	for _, name := range proxyNames() {
		fmt.Fprintf(&b, "| %s |", name)
		for _, method := range []string{"GET", "HEAD"} {
			b.WriteString(" " + r.speedOf(name, method) + " |")
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "\n%d clients without a pause for %v; the body has %d bytes, the worker is a Go program.\n", r.options.clients, r.options.length, bodyBytes)
	fmt.Fprintf(&b, "\n## Versions\n\n%s; %s.\n\n- %s\n", r.when.UTC().Format("2 January 2006 15:04 UTC"), r.machine, strings.Join(r.versions, "\n- "))
	return b.String()
}

func proxyNames() (names []string) {
	for _, p := range proxies() {
		names = append(names, p.name)
	}
	return names
}

func (r *report) lossOf(proxy string, how conduct) string {
	for _, l := range r.losses {
		if l.proxy != proxy || l.how != how {
			continue
		}
		text := fmt.Sprintf("%d of %d", l.lost, l.sent)
		switch {
		case l.twice < 0:
			text += ", executions unknown"
		case l.twice > 0:
			text += fmt.Sprintf(", **%d executed twice**", l.twice)
		}
		return text
	}
	return "–"
}

func (r *report) speedOf(proxy, method string) string {
	for _, s := range r.speeds {
		if s.proxy != proxy || s.method != method {
			continue
		}
		text := fmt.Sprintf("%d µs | %.0f", s.median.Microseconds(), s.rate)
		if s.errors > 0 {
			text += fmt.Sprintf(" (%d failed)", s.errors)
		}
		return text
	}
	return "– | –"
}
