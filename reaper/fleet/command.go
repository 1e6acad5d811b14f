package fleet

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"percore/reaper"
)

// slotName is NAME-PORT; without ports it is NAME, or NAME-INDEX where there are several.
func (p *Program) slotName(index int) string {
	switch {
	case p.PortsFrom != 0:
		return p.Name + "-" + strconv.Itoa(p.PortsFrom+index)
	case p.Workers == 1:
		return p.Name
	default:
		return p.Name + "-" + strconv.Itoa(index)
	}
}

// argv is the command with its tokens replaced.
func (w *worker) argv() []string {
	tokens := w.tokens()
	words := make([]string, len(w.program.Command))
	for i, word := range w.program.Command {
		words[i] = tokens.Replace(word)
	}
	return words
}

// tokens replaces what stands for the worker's own. Without a port {port} stays as it is, and so does {socket}: an
// empty word would be a puzzle, the token itself is an explanation.
func (w *worker) tokens() *strings.Replacer {
	tokens := []string{"{index}", strconv.Itoa(w.index), "{name}", w.name}
	if w.port != 0 {
		tokens = append(tokens, "{port}", strconv.Itoa(w.port))
	}
	if w.program.Sockets {
		tokens = append(tokens, "{socket}", w.socket)
	}
	return strings.NewReplacer(tokens...)
}

// cpus are the CPUs that the worker is pinned to; none when it is not.
func (w *worker) cpus() []int {
	all := w.program.CPUs
	if len(all) == 0 {
		return nil
	}
	return all[w.index%len(all):][:1]
}

// environ is the program's environment with the worker's own variables in it.
func (w *worker) environ() []string {
	own := []string{
		"PERCORE_WORKER_INDEX=" + strconv.Itoa(w.index),
		"PERCORE_WORKER_NAME=" + w.name,
		"SUPERVISOR_ENABLED=1", // some programs ask whether they are supervised by the names that supervisord gives
		"SUPERVISOR_PROCESS_NAME=" + w.name,
		"SUPERVISOR_GROUP_NAME=" + w.program.Group,
	}
	if w.port != 0 {
		own = append(own, "PORT="+strconv.Itoa(w.port))
	}
	if w.program.Sockets {
		own = append(own, "PERCORE_SOCKET="+w.socket)
	}
	if c := w.program.Credential; c != nil {
		own = append(own, "USER="+c.Name, "LOGNAME="+c.Name, "HOME="+c.Home)
	}
	return override(w.program.Env, own)
}

// override gives env with the pairs of own in it and no other pair of the same key: of two, getenv(3)
// finds the first and some languages the last.
func override(env, own []string) []string {
	merged := make([]string, 0, len(env)+len(own))
	for _, pair := range env {
		key, _, _ := strings.Cut(pair, "=")
		if !slices.ContainsFunc(own, func(o string) bool { return strings.HasPrefix(o, key+"=") }) {
			merged = append(merged, pair)
		}
	}
	return append(merged, own...)
}

// failure is how a spawn that did not happen ends a worker: the exit code to pass on, and whether to try again.
func failure(err error) (code int, retriable bool) {
	var spawnError *reaper.SpawnError
	if !errors.As(err, &spawnError) {
		return 1, true // descriptors or pipes could not be had; that passes, or the back-off ends it
	}
	return spawnError.ExitCode(), spawnError.Retriable()
}
