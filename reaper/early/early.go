// Package early subscribes to signals before main runs.
//
// Go handles nearly every signal, so the kernel's shelter for PID 1 (what has no handler is not delivered) is
// gone from the first instruction of the runtime on: a TERM that arrives before the first signal.Notify ends
// the process with code 2. Subscribing as the first statement of main still lost one TERM in four when it was
// sent right after exec, because all packages are initialised before. So this package subscribes while it is
// itself being initialised, and imports next to nothing, because the linker initialises a package as soon as
// its imports are. It is the one exception to the rule against package state and work at initialisation.
package early

import (
	"os"
	"os/signal"
	"syscall"
)

// queueLength holds every subscribed signal several times over: os/signal drops what does not fit, and keeps
// one bit per signal while main is not yet listening.
const queueLength = 64

// signals is written once, here, and only read afterwards.
var signals = subscribe()

// Signals gives the signals that have arrived since the process started. There is one channel and one reader: main.
//
// SIGCHLD is not among them: the reaper subscribes to it and looks for children before its first wait, so none
// can be missed. SIGURG never is: the Go runtime sends it to itself to preempt loops. SIGPIPE is caught and
// dropped: left alone, a write to a broken stdout or stderr would end the process.
func Signals() <-chan os.Signal { return signals }

func subscribe() chan os.Signal {
	// Nobody reads this channel, so the signal is caught and thrown away. signal.Ignore would
	// be inherited by every child (golang.org/issue/20479).
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	c := make(chan os.Signal, queueLength)
	signal.Notify(c,
		syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2,
		syscall.SIGTTIN, syscall.SIGTTOU, syscall.SIGWINCH, syscall.SIGCONT, syscall.SIGALRM, syscall.SIGPWR,
	)
	return c
}
