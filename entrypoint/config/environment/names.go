package environment

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"percore/entrypoint/config/suggest"
)

// Unknown lists, in order, the names that look like ours and are not.
func (s Snapshot) Unknown(known []string) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(s)) {
		if !IsOurs(strings.TrimPrefix(name, ByteOrderMark)) || slices.Contains(known, name) {
			continue
		}
		twin, isTwin := strings.CutSuffix(name, FileSuffix)
		if isTwin && slices.Contains(known, twin) || s.isForeign(name, known) {
			continue
		}
		names = append(names, name)
	}
	return names
}

// PortName is the one name that a user may well think of and that others set.
const PortName = Prefix + "PORT"

// isForeign reports whether a name is one that others than the user put into a container's environment: Kubernetes
// and Docker links, and percore itself, for its own roles and for its workers, one of which may be another percore.
func (s Snapshot) isForeign(name string, known []string) bool {
	rest := strings.TrimPrefix(name, Prefix)
	switch {
	case strings.HasPrefix(rest, "SERVICE_"):
		return true
	case name == PortName:
		_, err := strconv.Atoi(strings.TrimSpace(s[name]))
		return err != nil // a number is the user's wish
	case strings.HasPrefix(rest, "PORT"):
		return suggest.Nearest(Prefix, name, known) == "" // PERCORE_PORTS_FORM is not a service's port but a slip
	default:
		return IsPrivate(name) || isWorkers(name) || s.isOfService(name)
	}
}

// isOfService reports whether a name is one by which Kubernetes tells of a service called percore-something. It
// always says the host, which tells PERCORE_WEB_PORT, the port of such a service, from PERCORE_LISTEN_PORT, which a
// user made up.
func (s Snapshot) isOfService(name string) bool {
	for _, mark := range []string{"_SERVICE_", "_PORT"} {
		if service, _, ok := strings.Cut(name, mark); ok {
			if _, told := s[service+"_SERVICE_HOST"]; told {
				return true
			}
		}
	}
	return false
}

// IsPrivate reports whether PID 1 tells the front door something by a name.
func IsPrivate(name string) bool {
	return name == Prefix+"ROLE" || strings.HasPrefix(name, Prefix+"LINK_")
}

// isWorkers reports whether percore tells each worker something about itself by a name.
func isWorkers(name string) bool {
	switch name {
	case Prefix + "WORKER_INDEX", Prefix + "WORKER_NAME", Prefix + "WORKER_MARK", Prefix + "SOCKET":
		return true
	default:
		return false
	}
}
