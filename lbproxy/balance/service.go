// Package balance decides which backend of a service gets a request, and has the queue of the requests that no
// backend has a place for. It knows neither loop nor exchange: a request is a [Waiter] here, which is part of the
// exchange, and a loop has a [Balancer] and a [Mailbox], by which it hears of places that others have given to its
// requests.
//
// All loops share a [Service]. Its counts are atomic, and its one lock is taken for requests that wait. Begin reading
// at [Balancer.Choose].
package balance

import (
	"sync"
	"sync/atomic"
)

// Service is what all loops share of a service: its backends, and the requests that wait for one of them. Each loop
// has a [Balancer].
type Service struct {
	table    atomic.Pointer[Table]
	queue    queue
	repeats  atomic.Int64  // requests that are with a second backend; repeats.go
	ejecting sync.Mutex    // guards the decision to take a backend out, of which one must be left
	turn     atomic.Uint32 // of round_robin
}

// Table returns the newest table, nil before there is one.
func (s *Service) Table() *Table { return s.table.Load() }

// Use makes t the newest table.
func (s *Service) Use(t *Table) { s.table.Store(t) }

// Waiting returns how many requests wait for a backend, in all loops.
func (s *Service) Waiting() int64 { return s.queue.waiting.Load() }

// Repeats returns how many repeats are under way.
func (s *Service) Repeats() int64 { return s.repeats.Load() }
