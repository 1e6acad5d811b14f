package control

import "strings"

// namesLoggedMax bounds what one command puts into the log.
const namesLoggedMax = 20

// Changes reports whether a request, once it is answered, has left something otherwise than it was.
func (r Request) Changes() bool {
	switch r.Verb {
	case VerbStart, VerbStop, VerbRestart, VerbSignal, VerbScale, VerbDrain, VerbUndrain, VerbShutdown, VerbClear:
		return true
	case VerbUpdate:
		return !r.DryRun
	case VerbStatus, VerbTail, VerbLogs, VerbPID, VerbReread, VerbCheck, VerbReady:
		return false
	default:
		return true // what is not known may do anything
	}
}

// note leaves a line in PID 1's log about a request that changes something, with the client's pid and uid. Values
// are left out: they may be secret.
func (s *Server) note(r Request, from peer) {
	if !r.Changes() {
		return
	}
	attrs := []any{"command", string(r.Verb), "pid", from.pid, "uid", from.uid}
	if len(r.Names) > 0 {
		attrs = append(attrs, "names", strings.Join(r.Names[:min(len(r.Names), namesLoggedMax)], " "))
	}
	if len(r.Set) > 0 {
		attrs = append(attrs, "variables", strings.Join(variables(r.Set), " "))
	}
	switch r.Verb {
	case VerbSignal:
		attrs = append(attrs, "signal", r.Signal)
	case VerbScale:
		attrs = append(attrs, "count", r.Count)
	}
	s.log.Info("control command", attrs...)
}

// variables are the names in a list of NAME=VALUE.
func variables(set []string) []string {
	var names []string
	for _, assignment := range set[:min(len(set), namesLoggedMax)] {
		name, _, _ := strings.Cut(assignment, "=")
		names = append(names, name)
	}
	return names
}
