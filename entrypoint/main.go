// Command percore is a container's ENTRYPOINT: PID 1, a fleet of workers, one for each usable CPU, and the front door
// that serves them on one port. See README.md for its use and docs/configuration.md for every variable.
//
// The process has one of a few roles, decided by its first word (words.go). PID 1's is supervise.go, the front door's is
// front.go; between them runs the link.
package main

import (
	"os"

	"percore/reaper/early"
)

// version is set by the linker.
var version = "dev"

func main() {
	os.Exit(play(invocation{
		args: os.Args[1:], environ: os.Environ(), stdout: os.Stdout, stderr: os.Stderr, signals: early.Signals(),
	}))
}
