package config

import (
	"reflect"
	"strings"

	"percore/entrypoint/config/environment"
)

// Difference is a variable that two configurations do not agree on.
type Difference struct {
	Name     string
	From, To string // masked where they are secret
	Effect   Effect
	Change   string // what becomes of it, in words
	Process  string // of percore's that goes by it; empty is PID 1
}

// Differences lists the variables whose values differ, in the order of the reference. A further program that only one
// of the two has makes a difference of PERCORE_PROGRAMS.
func Differences(from, to *Config) []Difference {
	var list []Difference
	after := map[string]variable{}
	for _, v := range to.variables() {
		after[v.name] = v
	}
	for _, v := range from.variables() {
		now, both := after[v.name]
		if both && !reflect.DeepEqual(v.field.Interface(), now.field.Interface()) {
			list = append(list, Difference{
				Name: v.name, From: v.shown(v.value()), To: v.shown(now.value()),
				Effect: v.effect(), Change: v.change(), Process: v.process,
			})
		}
	}
	return list
}

// OnlyOurs parts the assignments of variables that percore reads, or whose names look so, from the others.
func OnlyOurs(assignments []string) (ours, others []string) {
	known := map[string]bool{}
	for _, v := range Reference() {
		known[v.Name] = true
	}
	for _, a := range assignments {
		if known[environment.NameOf(a)] || strings.HasPrefix(a, environment.Prefix) {
			ours = append(ours, a)
		} else {
			others = append(others, a)
		}
	}
	return ours, others
}
