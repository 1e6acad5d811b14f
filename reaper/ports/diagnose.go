package ports

import (
	"fmt"
	"slices"
	"strings"

	"percore/reaper/socket"
)

// Look is how it is found out which process listens where; on a real machine OnMachine has it.
type Look struct {
	Holder func(port int) string              // names the process that keeps a worker from listening there; empty is none
	Whose  func(port int, pids []int) Verdict // whether one of the processes listens there
	Named  func(port int) string              // names the process that listens there
	Of     func(pids []int) []string          // what the processes listen on
}

// OnMachine looks at /proc.
func OnMachine() *Look {
	return &Look{
		Holder: Holder, Whose: Whose, Of: Of,
		Named: func(port int) string {
			list := At(port)
			if len(list) == 0 {
				return "no process any more"
			}
			return Name(list)
		},
	}
}

// HeldError is a port that another process holds when its worker is to be started.
type HeldError struct {
	Port   int
	Holder string
}

// Error reads "port 8001 is held by pid 77 (python3 -m http.server)".
func (e *HeldError) Error() string { return fmt.Sprintf("port %d is held by %s", e.Port, e.Holder) }

// Diagnosis is what is wrong with where a worker listens; empty is nothing.
type Diagnosis struct {
	Public string // of addresses alone, so that any client may read it
	Full   string // with the name of the process that listens in its place
}

// Diagnose compares what a worker's processes listen on with what the worker is expected to. Without a port the
// expected address is that of a unix socket. It looks at every process, which takes some milliseconds.
func (l *Look) Diagnose(processes []int, expected string, port int) Diagnosis {
	found := l.Of(processes)
	if slices.ContainsFunc(found, func(address string) bool { return fits(address, expected, port) }) {
		return Diagnosis{}
	}
	isForeign := port != 0 && l.Whose(port, processes) == Foreign
	switch {
	case len(found) == 0 && !isForeign:
		return Diagnosis{} // it takes its time
	case len(found) == 0:
		found = []string{"nothing"}
	}
	found = found[:min(len(found), addressesMax)]
	d := Diagnosis{
		Public: "listens on " + strings.Join(withoutPaths(found), ", ") + " instead of " + expected,
		Full:   "listens on " + strings.Join(found, ", ") + " instead of " + expected,
	}
	if isForeign {
		d.Public += ", where another process does"
		d.Full += ", where " + l.Named(port) + " does"
	}
	return d
}

// addressesMax is how many addresses a sentence can bear.
const addressesMax = 3

// withoutPaths leaves out what a worker may choose freely.
func withoutPaths(addresses []string) []string {
	list := slices.Clone(addresses)
	for i, address := range list {
		if strings.HasPrefix(address, socket.Prefix) {
			list[i] = "a unix socket"
		}
	}
	return list
}

// fits reports whether a socket that listens on address can be reached at the expected one.
func fits(address, expected string, port int) bool {
	return address == expected ||
		port != 0 && (address == fmt.Sprintf("0.0.0.0:%d", port) || address == fmt.Sprintf("[::]:%d", port))
}
