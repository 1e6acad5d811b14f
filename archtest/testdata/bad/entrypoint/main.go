// A main package that reads the environment and kills.
package main

import (
	env "os"
	"syscall"

	"crooked/entrypoint/config"
	"crooked/entrypoint/config/value"
	"crooked/lbproxy"
)

func main() {
	_ = env.Environ()
	_ = env.Getenv("HOME")
	_ = env.Environ()
	_ = syscall.Kill(1, 0)
	cfg := config.Config{Mode: value.ModeHTTP}
	_ = cfg.Mode == value.ModeNone
	_ = cfg.Mode != "tcp" || cfg.Mode.Listens()
	switch cfg.Mode {
	case value.ModeHTTP:
	}
	lbproxy.Serve()
	_ = cfg.Busy
	env.Exit(0)
}
