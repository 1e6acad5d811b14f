package link

import (
	"io"
	"sync"
)

// Sender writes snapshots to one end of a link, only ever the newest: one that was overtaken before it could be
// written is never sent. Offer does not block, whatever the other side does.
type Sender struct {
	w    io.Writer
	wake chan struct{}
	mu   sync.Mutex // guards next and shut
	next any
	shut bool
}

// NewSender makes a sender; Run does the writing.
func NewSender(w io.Writer) *Sender {
	return &Sender{w: w, wake: make(chan struct{}, 1)}
}

// Offer makes message the one to be sent next.
func (s *Sender) Offer(message any) {
	s.mu.Lock()
	s.next = message
	s.mu.Unlock()
	s.nudge()
}

// Close ends Run once what was offered is written.
func (s *Sender) Close() {
	s.mu.Lock()
	s.shut = true
	s.mu.Unlock()
	s.nudge()
}

func (s *Sender) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Run writes until Close, or until the other side is gone.
func (s *Sender) Run() error {
	for range s.wake {
		s.mu.Lock()
		message, shut := s.next, s.shut
		s.next = nil
		s.mu.Unlock()
		if message != nil {
			if err := Write(s.w, message); err != nil {
				return err
			}
		}
		if shut {
			return nil
		}
	}
	return nil
}
