package handshake

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// How long handshakes that have begun are waited for.
const (
	// SettleMin is how long handshakes get at least to finish before a stopping front door closes its listeners: one
	// whose SYN is being processed while the sockets are made to refuse is in no list yet.
	SettleMin = 20 * time.Millisecond
	// settleBlind is how long they get where the kernel does not tell of them.
	settleBlind = 100 * time.Millisecond
	// SettleMax is how long they get at most, unless it is said otherwise: one whose client is gone would be waited
	// for half a minute.
	SettleMax = time.Second
	// settlePause lies between two questions for them; each takes a millisecond, and ten on a busy machine.
	settlePause = 5 * time.Millisecond
	// settleAnswers is how often in a row there has to be none: an ACK that is being processed is in neither queue for
	// a moment.
	settleAnswers = 2
)

// endingStep is how far the end of accepting is. Each leads to the next.
type endingStep uint8

const (
	accepting endingStep = iota
	settling             // new clients are refused; handshakes that have begun complete
	settled              // none is under way
	closing              // the loops were told to close the listeners
)

// Ending is the end of accepting, which all sockets of a group reach together: a client that finds one of them closed
// and another open would have to repeat its SYN. Its methods may be called from any goroutine.
type Ending struct {
	log     *slog.Logger
	close   func() // has the listeners closed
	changed func() // is called when IsSettled may say something else

	mu       sync.Mutex // guards the rest
	sockets  []int      // they stay open until closing
	step     endingStep
	mayClose bool // no other process holds the sockets, or no client is to be served any more

	begun   chan time.Duration // how long handshakes may take
	settled atomic.Bool        // that step, or later
}

// NewEnding makes the end of listeners that are still to be added. closeListeners is called once, when they are to be
// closed; changed each time that IsSettled may say something else. Neither may wait for a method of the Ending.
func NewEnding(log *slog.Logger, closeListeners, changed func()) *Ending {
	return &Ending{log: log, close: closeListeners, changed: changed, begun: make(chan time.Duration, 1)}
}

// Add takes the descriptors of further listeners in.
func (e *Ending) Add(sockets []int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sockets = append(e.sockets, sockets...)
}

// IsSettled reports whether new clients are refused and no handshake is under way.
func (e *Ending) IsSettled() bool { return e.settled.Load() }

// Begin makes the sockets refuse new clients. Once no handshake is under way, or patience is over, and a call has said
// that they may be closed, they are.
func (e *Ending) Begin(mayClose bool, patience time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.mayClose = e.mayClose || mayClose
	switch e.step {
	case accepting:
		e.step = settling
		if err := Refuse(e.sockets); err != nil {
			e.log.Debug("listeners keep taking handshakes", "err", err)
			patience = 0 // there is no end of them
		}
		e.begun <- patience
	case settled:
		e.closeLocked()
	case settling, closing:
	}
}

func (e *Ending) closeLocked() {
	if e.mayClose {
		e.step, e.sockets = closing, nil
		e.close()
	}
}

// Run waits for handshakes, until stop. Meanwhile connections are accepted and served elsewhere.
func (e *Ending) Run(stop <-chan struct{}) {
	select {
	case <-stop:
		return
	case patience := <-e.begun:
		e.await(stop, patience)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.step = settled
	e.settled.Store(true)
	e.closeLocked()
	e.changed()
}

// await returns when no handshake is under way, when the kernel tells nothing, or when patience is over.
func (e *Ending) await(stop <-chan struct{}, patience time.Duration) {
	began := time.Now()
	watch, err := e.watch()
	if err == nil {
		defer watch.Close()
	}
	pause(stop, SettleMin)
	for answers := 0; err == nil && answers < settleAnswers && time.Since(began) < patience; answers++ {
		var underWay bool
		if underWay, err = watch.UnderWay(); underWay {
			answers = -1
		}
		pause(stop, settlePause)
	}
	if err != nil {
		e.log.Debug("handshakes cannot be seen", "err", err)
		pause(stop, min(settleBlind, patience)-time.Since(began))
	}
}

// watch looks at the sockets while they cannot be closed.
func (e *Ending) watch() (*Watch, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return NewWatch(e.sockets)
}

// Forget is for an owner that is about to close its sockets without being told to.
func (e *Ending) Forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sockets = nil
}

// pause waits for d, or until stop.
func pause(stop <-chan struct{}, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-stop:
	case <-timer.C:
	}
}
