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
