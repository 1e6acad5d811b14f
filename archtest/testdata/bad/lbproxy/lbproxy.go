// Package lbproxy does what reaper, config and main may do.
package lbproxy

import (
	"net/http"
	"os"
	"syscall"
	"time"

	"crooked/reaper"
)

// Serve breaks one rule a line.
func Serve() {
	_ = reaper.Run()
	_ = os.Getenv(http.MethodGet)
	_, _ = syscall.Wait4(-1, nil, 0, nil)
	os.Exit(1)
	time.Sleep(1)
	loops[0].services[0].wait()
}

// Ask breaks a rule by a copy. Another index, and a copy of something else, are allowed.
func Ask(x *exchange) {
	s, n := x.loop.services, x.loop.names
	s[0].wait()
	all := s[:]
	all[0].wait()
	s[1].wait()
	n[0].wait()
}
