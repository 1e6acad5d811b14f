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

	"percore/reaper/entry"
)

// queueLength holds every subscribed signal several times over: os/signal drops what does not fit, and keeps
// one bit per signal while main is not yet listening.
const queueLength = 64

// signals is written here, or by Release before anybody else can read it; subscribed is closed when all of them are caught.
var signals, subscribed = subscribeUnlessCaught()

// subscribeUnlessCaught leaves the signals to mode init, which has a use of its own for them, if the entry catches them.
// Subscribing takes two to three milliseconds, nearly all of it waiting for a new thread, in which the other packages
// are initialised.
func subscribeUnlessCaught() (chan os.Signal, chan struct{}) {
	if entry.Active() {
		return nil, nil
	}
	c, done := make(chan os.Signal, queueLength), make(chan struct{})
	go func() {
		subscribe(c)
		close(done)
	}()
	return c, done
}

// Release is Signals for a process that is not in mode init after all, though the entry took it for one: `percore check` with
// PERCORE_MODE=init. It is called once, by main.
func Release() <-chan os.Signal {
	if !entry.Active() {
		return Signals()
	}
	signals = make(chan os.Signal, queueLength)
	subscribe(signals)
	for _, sig := range entry.HandBack() {
		switch sig {
		case syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP:
			signals <- sig
		}
	}
	return signals
}

// Finish unsubscribes from everything and gives what has arrived and not been read. It is for a process that catches signals in
// a way of its own by now.
func Finish() (rest []os.Signal) {
	if signals == nil {
		return nil
	}
	signal.Stop(signals)
	for {
		select {
		case sig := <-signals:
			rest = append(rest, sig)
		default:
			return rest
		}
	}
}

// Signals gives the signals that have arrived since the process started; nil if the entry catches them. There is one channel and one reader: main.
//
// SIGCHLD is not among them: the reaper subscribes to it and looks for children before its first wait, so none
// can be missed. SIGURG never is: the Go runtime sends it to itself to preempt loops. SIGPIPE is caught and
// dropped: left alone, a write to a broken stdout or stderr would end the process.
// It waits until they are all caught, so that nothing else happens before.
func Signals() <-chan os.Signal {
	if subscribed != nil {
		<-subscribed
	}
	return signals
}

func subscribe(c chan os.Signal) {
	// Nobody reads this channel, so the signal is caught and thrown away. signal.Ignore would
	// be inherited by every child (golang.org/issue/20479).
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	// Only those that would end the process: each costs a round trip between two threads, a tenth of
	// a millisecond before the first worker can be forked.
	signal.Notify(c, syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP)
}

// SubscribeRest adds the signals to Signals that do no harm before it is called: USR1 and USR2 have no effect on a Go
// program, TTIN and TTOU at most stop one that a shell has in its background. The same goes for more.
func SubscribeRest(more ...os.Signal) {
	if signals != nil {
		signal.Notify(signals, append(more, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTTIN, syscall.SIGTTOU)...)
	}
}
