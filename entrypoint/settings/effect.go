package settings

import (
	"slices"

	"percore/entrypoint/config"
)

// What becomes of a change of a variable at run time, in words for people.
const (
	effectRoll        = "restarts the workers one after another"
	effectJudged      = "at once, for the next start, stop or end of a worker"
	effectScale       = "starts or drains workers"
	effectLive        = "at once, for new requests"
	effectNone        = "at once"
	effectEnvironment = "environment of the workers, who restart one after another"
)

// effectOf says how a variable is changed at run time, or why it takes a new container. A further program's variable goes by the
// name that it has for the fleet proper.
func effectOf(name string) (effect string, possible bool) {
	if why := fixed(name); why != "" {
		return why, false
	}
	switch {
	case name == "PERCORE_WORKERS" || name == "WEB_CONCURRENCY":
		return effectScale, true
	case slices.Contains(judged, name):
		return effectJudged, true
	case name == "PERCORE_STRICT":
		return effectNone, true
	}
	switch config.ScopeOf(name) {
	case config.OfProgram:
		return effectRoll, true
	case config.OfFrontDoor:
		return effectLive, true
	case config.OfContainer:
		return "needs a new container: PID 1 reads it when it starts", false
	default:
		return "needs a new container: PID 1 reads it when it starts", false
	}
}

// judged does not take a new process, because only PID 1 goes by it; the fleet knows these as well.
var judged = []string{
	"PERCORE_AUTORESTART", "PERCORE_EXITCODES", "PERCORE_STARTSECS", "PERCORE_STARTRETRIES", "PERCORE_STOPSIGNAL", "PERCORE_STOPWAITSECS", "PERCORE_READY_TIMEOUT",
}

// fixed is why a variable cannot change while percore runs, where its scope alone does not say so.
func fixed(name string) string {
	switch name {
	case "PERCORE_LISTEN", "PORT", "PERCORE_TLS_LISTEN":
		return "needs a new container: listening sockets are opened before privileges are given up"
	case "PERCORE_PROXY_PROTOCOL":
		return "needs a new container: it is part of what the listeners are"
	case "PERCORE_LOOPS":
		return "needs a new container: every loop has listening sockets of its own"
	case "PERCORE_FRONT_USER":
		return "needs a new container: the front door has given up its privileges"
	case "PERCORE_GROUP", "PERCORE_NAME", "PERCORE_PORTS_FROM", "PERCORE_BIND":
		return "needs a new container: a worker has its name and its port for life"
	default:
		return ""
	}
}
