package config

import (
	"reflect"

	"percore/entrypoint/config/environment"
)

// Scope is what a variable is about, and so what has to be done when it changes.
type Scope uint8

// The scopes.
const (
	OfContainer Scope = iota // of PID 1, its sockets and the whole fleet
	OfProgram                // of one kind of process
	OfFrontDoor              // of how requests are served
)

// ScopeOf tells what the variable with this name is about; a further program's goes by the name it has for the fleet proper.
func ScopeOf(name string) Scope {
	for _, v := range variablesOf(new(Program)) {
		if v.name == name {
			return OfProgram
		}
	}
	for _, v := range variablesOf(new(Config)) {
		switch {
		case v.name == name && v.group == "front door":
			return OfFrontDoor
		case v.name == name:
			return OfContainer
		}
	}
	return OfContainer
}

// Difference is a variable that two configurations do not agree on.
type Difference struct {
	Name     string
	Base     string // the name that a further program's variable has for the fleet proper; of all others Name itself
	From, To string // masked where they are secret
}

// Differences lists the variables whose values differ, in the order of the reference. A further program that only one of
// the two has makes a difference of PERCORE_PROGRAMS.
func Differences(from, to *Config) []Difference {
	var list []Difference
	after := map[string]variable{}
	for _, v := range to.variables() {
		after[v.name] = v
	}
	for _, v := range from.variables() {
		now, both := after[v.name]
		if both && !reflect.DeepEqual(v.field.Interface(), now.field.Interface()) {
			list = append(list, Difference{Name: v.name, Base: v.key, From: v.shown(v.value()), To: v.shown(now.value())})
		}
	}
	return list
}

// OnlyOurs keeps the assignments of variables that percore reads, and of names that look as if.
func OnlyOurs(assignments []string) (ours, others []string) {
	known := map[string]bool{}
	for _, v := range Reference() {
		known[v.Name] = true
	}
	for _, a := range assignments {
		if name := environment.NameOf(a); known[name] || len(name) >= len(environment.Prefix) && name[:len(environment.Prefix)] == environment.Prefix {
			ours = append(ours, a)
		} else {
			others = append(others, a)
		}
	}
	return ours, others
}
