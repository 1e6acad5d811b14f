package main

import (
	"errors"
	"regexp"
	"syscall"

	"percore/reaper/ports"
)

// listenAdvice says how to mend a listener that could not be opened at a port; 0 is a socket's.
func listenAdvice(err error, port int) string {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return takenAdvice(ports.Holder(port))
	case errors.Is(err, syscall.EACCES):
		return "A port below 1024 needs root, the capability NET_BIND_SERVICE, or the sysctl net.ipv4.ip_unprivileged_port_start=0. Or choose a higher one with PERCORE_LISTEN."
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return "This machine does not have that address. PERCORE_LISTEN=:8080 listens on all that it has."
	default:
		return "PERCORE_LISTEN says where to listen."
	}
}

// takenAdvice says what to do about somebody who listens there already; empty is nobody that can be seen.
func takenAdvice(holder string) string {
	const other = "choose another address with PERCORE_LISTEN, as in PERCORE_LISTEN=:8081."
	switch {
	case isPercore(holder):
		return "percore itself listens there, " + holder + ". To ask something of it, see: percore help. For a second one " + other
	case holder == "":
		holder = "Another process"
	}
	return holder + " listens there. Stop it, or " + other
}

// isPercore says whether the holder of a port is called percore. Whoever misspells a command inside of a running container is not to be told
// to stop it.
func isPercore(holder string) bool {
	return regexp.MustCompile(`^pid [0-9]+ \((\S*/)?percore( |\))`).MatchString(holder)
}
