package main

import "fmt"

// fullBar is what every package reaches that no exception is made for: all that the binary is built of.
const fullBar = 1.2

// exception is a lower bar for one package.
type exception struct {
	path   string
	bar    float64
	reason string
}

// exceptions are rooms of the scenarios and of the benchmarks, none of which is part of the binary. Much of what is in
// them starts other programs and puts their names and settings together; that is tried where it is used, and what is
// computed and parsed has tests of its own. A bar is what the room reaches: it may rise, and never falls unnoticed.
var exceptions = []exception{
	{"bench", 0.54, "its rows start nginx, HAProxy and others; the table that it prints is tested"},
	{"bench/kept", 0.17, "its rounds need the rivals; what they mean is tested"},
	{"bench/load", 0.46, "its clients are tried by each run"},
	{"bench/machine", 0.61, "what it asks of the machine is another on each"},
	{"bench/native", 0.65, "it compiles C programs"},
	{"bench/page", 0.57, "its templates are tried by the pages"},
	{"bench/reverseproxy", 0.68, "a rival of thirty lines of code"},
	{"bench/subject", 0.51, "settings of other programs, which these check"},
	{"bench/zeroloss", 0.43, "its rounds need the rivals; what they mean is tested"},
	{"e2e/flood", 0.34, "it needs a network of its own, in which it is tried"},
	{"e2e/load", 0.6, "its clients are tried by each scenario"},
	{"e2e/proc", 0.74, "readers of /proc"},
	{"e2e/program", 0.77, "starts and stops of programs, which each scenario tries"},
	{"e2e/rig", 0.52, "the hands of the scenarios, which each tries"},
	{"e2e/siege", 0.62, "it is tried by two scenarios"},
}

// hold tells of the packages that miss their bar, and of exceptions that are none any more.
func hold(all []pkg, exceptions []exception) (problems []string) {
	known := make(map[string]pkg)
	for _, p := range all {
		known[p.path] = p
	}
	lower := make(map[string]exception)
	for _, e := range exceptions {
		lower[e.path] = e
		if p, found := known[e.path]; !found || p.ratio() >= fullBar {
			problems = append(problems, fmt.Sprintf("%s: needs no exception: take it out of bars.go", e.path))
		}
	}
	for _, p := range all {
		bar := fullBar
		if e, found := lower[p.path]; found {
			bar = e.bar
		}
		if p.ratio() < bar {
			problems = append(problems, fmt.Sprintf("%s: %d lines of code and %d of tests: want %.2f for each, or %d more",
				p.path, p.code, p.tests, bar, p.missing(bar)))
		}
	}
	return problems
}
