package fleet

import (
	"log/slog"
	"sync"

	"percore/reaper/alarm"
)

// base is what every part of a fleet works with.
type base struct {
	options Options
	log     *slog.Logger
	mail    *mailbox
	clock   *alarm.Clock
}

// mailbox carries work to the fleet's goroutine. It is unbounded because a sender may be the reaper, on which
// the fleet waits during a fork: a full queue would be a deadlock.
type mailbox struct {
	mu       sync.Mutex // guards messages
	messages []func()
	wake     chan struct{} // holds one token while messages is not empty
}

func newMailbox() *mailbox { return &mailbox{wake: make(chan struct{}, 1)} }

// post never blocks.
func (m *mailbox) post(message func()) {
	m.mu.Lock()
	m.messages = append(m.messages, message)
	m.mu.Unlock()
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// take empties the mailbox, oldest message first.
func (m *mailbox) take() []func() {
	m.mu.Lock()
	defer m.mu.Unlock()
	messages := m.messages
	m.messages = nil
	return messages
}
