// Command percore is a container's ENTRYPOINT: PID 1, a fleet of workers, one for each usable CPU, and the front door
// that serves them on one port. See README.md for its use and docs/configuration.md for every variable.
//
// The process has one of a few roles, decided by its first word (words.go). PID 1's is supervise.go, the front door's is
// front.go; between them runs the link.
package main

import (
	"os"
	"path/filepath"
	"time"

	"percore/entrypoint/output"
	"percore/reaper/early"
)

// version is set by the linker.
var version = "dev"

// lastWords is how long the end waits for stderr to take percore's last lines. It has to fit between the end of a
// stop's budget and the container runtime's own kill.
const lastWords = 100 * time.Millisecond

func main() {
	in := invocation{
		name: filepath.Base(os.Args[0]), args: os.Args[1:], environ: os.Environ(), stdout: output.NewFile(os.Stdout), signals: early.Signals(), began: time.Now(),
	}
	direct := output.NewFile(os.Stderr)
	if in.wantsInit() {
		in.stderr = impatient{direct}
		os.Exit(play(in))
	}
	stderr := output.NewQueue(direct)
	in.stderr = stderr
	code := play(in)
	stderr.Close(lastWords)
	os.Exit(code)
}
