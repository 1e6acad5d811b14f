// A main package that reads the environment and kills.
package main

import (
	env "os"
	"syscall"

	"crooked/lbproxy"
)

func main() {
	_ = env.Environ()
	_ = env.Getenv("HOME")
	_ = env.Environ()
	_ = syscall.Kill(1, 0)
	lbproxy.Serve()
	env.Exit(0)
}
