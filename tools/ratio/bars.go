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
	{"bench", 0.5, "its rows start nginx, HAProxy and others; the table that it prints is tested"},
	{"bench/kept", 0.15, "its rounds need the rivals; what they mean is tested"},
	{"bench/load", 0.45, "its clients are tried by each run"},
	{"bench/machine", 0.6, "what it asks of the machine is another on each"},
	{"bench/native", 0.6, "it compiles C programs"},
	{"bench/page", 0.55, "its templates are tried by the pages"},
	{"bench/subject", 0.5, "settings of other programs, which these check"},
	{"bench/zeroloss", 0.4, "its rounds need the rivals; what they mean is tested"},
	{"e2e/disk", 0.25, "it takes the rights to mount, and is tried by the scenarios that stop a disk"},
	{"e2e/flood", 0.3, "it needs a network of its own, in which it is tried"},
	{"e2e/load", 0.6, "its clients are tried by each scenario"},
	{"e2e/rig", 0.45, "the hands of the scenarios, which each tries"},
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
