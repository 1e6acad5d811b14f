package lbproxy

import (
	"sync"
	"sync/atomic"
	"time"

	"percore/lbproxy/handshake"
)

const (
	// settleMin is how long handshakes get at least to finish before a stopping front door closes its listeners: one whose SYN is
	// being processed while the sockets are made to refuse is in no list yet.
	settleMin = 20 * time.Millisecond
	// settleBlind is how long they get where the kernel does not tell of them.
	settleBlind = 100 * time.Millisecond
	// settleMax is how long they get at most: one whose client is gone would be waited for half a minute.
	settleMax = time.Second
	// settlePause lies between two questions for them; each takes a millisecond, and ten on a busy machine.
	settlePause = 5 * time.Millisecond
	// settleAnswers is how often in a row there has to be none: an ACK that is being processed is in neither queue for a moment.
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

// ending is the end of accepting, which all loops reach together: a client that finds one socket of a group closed and another
// open would have to repeat its SYN.
type ending struct {
	mu       sync.Mutex // guards the rest: Apply, Finish and the goroutine that waits come from different goroutines
	sockets  []int      // of all loops; they stay open until closing
	step     endingStep
	mayClose bool // no other process holds the sockets, or nobody is to be served any more

	begun   chan time.Duration // how long handshakes may take
	isQuiet atomic.Bool        // settled or later, for reports
}

func newEnding() ending { return ending{begun: make(chan time.Duration, 1)} }

// endAccepting makes the sockets refuse new clients. Once no handshake is under way, and somebody has said that they may be
// closed, they are.
func (p *Proxy) endAccepting(mayClose bool, patience time.Duration) {
	e := &p.ending
	e.mu.Lock()
	defer e.mu.Unlock()
	e.mayClose = e.mayClose || mayClose
	switch e.step {
	case accepting:
		e.step = settling
		if err := handshake.Refuse(e.sockets); err != nil {
			p.log.Debug("listeners keep taking handshakes", "err", err)
			patience = 0 // there is no end of them
		}
		e.begun <- patience
	case settled:
		p.closeListenersLocked()
	case settling, closing:
	}
}

func (p *Proxy) closeListenersLocked() {
	if !p.ending.mayClose {
		return
	}
	p.ending.step, p.ending.sockets = closing, nil
	for _, l := range p.loops {
		l.post(func(l *loop) { l.accepter.close() })
	}
}

// runEnding waits for handshakes outside of the loops, which go on accepting and serving, until stop.
func (p *Proxy) runEnding(stop <-chan struct{}) {
	select {
	case <-stop:
		return
	case patience := <-p.ending.begun:
		p.awaitHandshakes(stop, patience)
	}
	e := &p.ending
	e.mu.Lock()
	defer e.mu.Unlock()
	e.step = settled
	e.isQuiet.Store(true)
	p.closeListenersLocked()
	p.changed()
}

// awaitHandshakes returns when no handshake is under way, when the kernel tells nothing, or when patience is over.
func (p *Proxy) awaitHandshakes(stop <-chan struct{}, patience time.Duration) {
	began := time.Now()
	watch, err := p.watchHandshakes()
	if err == nil {
		defer watch.Close()
	}
	pause(stop, settleMin)
	for answers := 0; err == nil && answers < settleAnswers && time.Since(began) < patience; answers++ {
		var underWay bool
		if underWay, err = watch.UnderWay(); underWay {
			answers = -1
		}
		pause(stop, settlePause)
	}
	if err != nil {
		p.log.Debug("handshakes cannot be seen", "err", err)
		pause(stop, min(settleBlind, patience)-time.Since(began))
	}
}

func (p *Proxy) watchHandshakes() (*handshake.Watch, error) {
	p.ending.mu.Lock()
	defer p.ending.mu.Unlock()
	return handshake.NewWatch(p.ending.sockets)
}

// forget is for a loop that is about to close its sockets without being told to.
func (e *ending) forget() {
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
