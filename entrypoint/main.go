// Command percore is a container's ENTRYPOINT: PID 1, a fleet of workers, one for each usable CPU, and the front
// door that serves them on one port. See README.md for its use and docs/configuration.md for every variable.
//
// The process has one of a few roles, decided by its environment and its first word: play in words.go is where each
// begins. PID 1's is package supervise, the front door's package front; between them runs package link. Everything
// else here is a word that ends by itself.
package main

import (
	"os"
	"path/filepath"
	"time"

	"percore/entrypoint/output"
	"percore/entrypoint/self"
	"percore/reaper/early"
)

// version is set by the linker.
var version = "dev"

func main() {
	in := self.Invocation{
		Name: filepath.Base(os.Args[0]), Version: version, Args: os.Args[1:], Environ: os.Environ(),
		Stdout: output.NewFile(os.Stdout), Signals: early.Signals(), Began: time.Now(),
	}
	direct := output.NewFile(os.Stderr)
	if wantsInit(in) {
		in.Stderr = impatient{direct}
		os.Exit(play(in))
	}
	stderr := output.NewQueue(direct)
	in.Stderr = stderr
	code := play(in)
	stderr.Close(output.LastWords)
	os.Exit(code)
}
