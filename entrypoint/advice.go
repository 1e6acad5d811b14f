package main

import (
	"errors"
	"syscall"
)

// listenAdvice says how to mend a listener that could not be opened.
func listenAdvice(err error) string {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return "Another process listens there. Stop it, or choose another address with PERCORE_LISTEN, as in PERCORE_LISTEN=:8081."
	case errors.Is(err, syscall.EACCES):
		return "A port below 1024 needs root, the capability NET_BIND_SERVICE, or the sysctl net.ipv4.ip_unprivileged_port_start=0. Or choose a higher one with PERCORE_LISTEN."
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return "This machine does not have that address. PERCORE_LISTEN=:8080 listens on all that it has."
	default:
		return "PERCORE_LISTEN says where to listen."
	}
}
