// Package early has the signals that end a program before main runs.
//
// Go handles nearly every signal, so the kernel's shelter for PID 1 (what has no handler is not delivered) is gone
// from the first instruction of the runtime on: a TERM that arrives before the first signal.Notify ends the process
// with code 2. So package entry catches TERM, INT, QUIT and HUP before the runtime starts, and this package reads
// them, for as long as the process lives.
//
// Where the entry is another's (the race detector, an external linker, another architecture) this package subscribes
// while it is itself being initialised, and imports next to nothing, because the linker initialises a package as soon
// as its imports are. It is the one exception to the rule against package state and work at initialisation.
package early

import (
	"encoding/binary"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"percore/reaper/entry"
)

// queueLength holds every subscribed signal several times over: os/signal drops what does not fit, and keeps
// one bit per signal while main is not yet listening.
const queueLength = 64

// signals is written here, or by Release before another goroutine can read it; subscribed is closed when all of them
// are caught.
var signals, subscribed = subscribeUnlessCaught()

// guard reads what the entry catches; nil where it catches nothing, or all.
var guard *guardReader // written before subscribed is closed

// subscribeUnlessCaught leaves the signals to mode init, which has a use of its own for them, if the entry catches
// them. Subscribing takes a millisecond or more, nearly all of it waiting for a new thread, in which the other
// packages are initialised.
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

// Release is Signals for a process that is not in mode init after all, though the entry took it for one: `percore
// check` with PERCORE_MODE=init. It is called once, by main.
func Release() <-chan os.Signal {
	if !entry.Active() {
		return Signals()
	}
	signals = make(chan os.Signal, queueLength)
	subscribe(signals)
	for _, sig := range entry.HandBack() {
		if ends(sig) {
			signals <- sig
		}
	}
	return signals
}

// ends reports whether sig is one of those that would end a Go program and that percore obeys.
func ends(sig syscall.Signal) bool {
	switch sig {
	case syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP:
		return true
	}
	return false
}

// Finish unsubscribes from everything and gives what has arrived and not been read. It is for a process that catches
// signals in a way of its own by now.
func Finish() (rest []os.Signal) {
	if signals == nil {
		return nil
	}
	if subscribed != nil {
		<-subscribed
	}
	signal.Stop(signals)
	if guard != nil {
		rest = guard.finish()
	}
	for {
		select {
		case sig := <-signals:
			rest = append(rest, sig)
		default:
			return rest
		}
	}
}

// Signals gives the signals that have arrived since the process started; nil if the entry catches all. There is one
// channel and one reader: main.
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
	// No goroutine reads this channel, so the signal is caught and thrown away. signal.Ignore would
	// be inherited by every child (golang.org/issue/20479).
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	if entry.Guarded() {
		guard = newGuardReader(c)
		go guard.run()
		return
	}
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

// guardReader passes on what the entry catches. It sleeps in Go's poller, which costs no thread.
type guardReader struct {
	pipe *os.File
	fd   int // of pipe
	to   chan os.Signal
	done chan struct{} // closed when run has returned
}

func newGuardReader(to chan os.Signal) *guardReader {
	fd := entry.GuardedEnd()
	return &guardReader{pipe: os.NewFile(uintptr(fd), "signals"), fd: fd, to: to, done: make(chan struct{})}
}

// run goes on until finish. It waits until there is room for a signal: the rest stays in the pipe.
func (g *guardReader) run() {
	defer close(g.done)
	for g.next() == nil {
	}
}

// next passes one record on, and whatever did not fit into the pipe.
func (g *guardReader) next() error {
	var record [entry.RecordBytes]byte
	if _, err := g.pipe.Read(record[:]); err != nil {
		return err
	}
	g.pass(signalOf(record[:]))
	for sig, set := syscall.Signal(1), entry.Overflow(); set != 0; sig, set = sig+1, set>>1 {
		if set&1 != 0 {
			g.pass(sig)
		}
	}
	return nil
}

func (g *guardReader) pass(sig syscall.Signal) {
	if ends(sig) {
		g.to <- sig
	}
}

// finish ends run and gives what has not been read.
func (g *guardReader) finish() (rest []os.Signal) {
	_ = g.pipe.SetReadDeadline(time.Unix(0, 1)) // the pipe is one that the poller takes
	for ended := false; !ended; {
		select {
		case sig := <-g.to:
			rest = append(rest, sig)
		case <-g.done:
			ended = true
		}
	}
	for len(g.to) > 0 { // the last that run passed on came before what is in the pipe
		rest = append(rest, <-g.to)
	}
	var record [entry.RecordBytes]byte
	for {
		n, err := syscall.Read(g.fd, record[:])
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if n != len(record) {
			return rest
		}
		if sig := signalOf(record[:]); ends(sig) {
			rest = append(rest, sig)
		}
	}
}

// signalOf is the first word of siginfo_t.
func signalOf(record []byte) syscall.Signal {
	return syscall.Signal(binary.NativeEndian.Uint32(record))
}
