package survey

import (
	"errors"
	"regexp"
	"syscall"

	"percore/entrypoint/config/value"
	"percore/entrypoint/self"
	"percore/reaper/ports"
)

// ListenAdvice says how to mend a listener that could not be opened.
func ListenAdvice(in self.Invocation, err error, a value.Address) string {
	switch {
	case errors.Is(err, syscall.EADDRINUSE) && heldByRunning(in).listens(a):
		return percoreListens
	case errors.Is(err, syscall.EADDRINUSE):
		return takenAdvice(ports.Holder(a.Port))
	case errors.Is(err, syscall.EACCES):
		return "A port below 1024 needs root, the capability NET_BIND_SERVICE, or the sysctl " +
			"net.ipv4.ip_unprivileged_port_start=0. Or choose a higher one with PERCORE_LISTEN."
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return "This machine does not have that address. PERCORE_LISTEN=:8080 listens on all that it has."
	default:
		return "PERCORE_LISTEN says where to listen."
	}
}

// The two ways out where an address is taken. A user who misspells a command inside of a running container is not to
// be told to stop it.
const (
	otherAddress   = "choose another address with PERCORE_LISTEN, as in PERCORE_LISTEN=:8081."
	percoreListens = "A percore that runs already listens there. To ask something of it, see: percore help. For " +
		"a second one " + otherAddress
)

// takenAdvice says what to do about the process that listens there already; empty is one that cannot be seen.
func takenAdvice(holder string) string {
	switch {
	case isPercore(holder):
		return percoreListens
	case holder == "":
		holder = "Another process"
	}
	return holder + " listens there. Stop it, or " + otherAddress
}

// isPercore reports whether the holder of a port is called percore.
func isPercore(holder string) bool {
	return regexp.MustCompile(`^pid [0-9]+ \((\S*/)?percore( |\))`).MatchString(holder)
}
