package lbproxy

import (
	"fmt"
	"slices"
	"time"

	"percore/lbproxy/socket"
)

// EndpointState says what the front door may do with a worker.
type EndpointState uint8

// The states of an endpoint.
const (
	Down     EndpointState = iota // not there: never chosen
	Up                            // ready: may be chosen
	Draining                      // finishes what it has, gets nothing new
)

var endpointStates = [...]string{"down", "up", "draining"}

// String returns the state's name in lower case.
func (s EndpointState) String() string { return endpointStates[s] }

// MarshalText writes the state's name.
func (s EndpointState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the state's name.
func (s *EndpointState) UnmarshalText(text []byte) error {
	for i, name := range endpointStates {
		if name == string(text) {
			*s = EndpointState(i)
			return nil
		}
	}
	return fmt.Errorf("parse endpoint state: unknown name %q", text)
}

// Endpoint is a worker as the front door sees it. Index is its slot and Incarnation counts the processes that
// the slot has had.
type Endpoint struct {
	Index       int
	Name        string // for the access log and errors
	Address     string // `127.0.0.1:8000` or `unix:/path`
	Incarnation uint64
	PID         int // its process, as PID 1 knows it, for the access log; 0 is not known
	State       EndpointState
	Killed      uint64    // the latest incarnation that was killed from outside, of which no request is to blame; 0 is none
	Trouble     string    // why it is not up, where that is known, in words fit for HTML and JSON as they are; empty is nothing
	RequestsMax uint64    // requests after which the incarnation is reported as exhausted; 0 is never
	Coming      bool      // it is not up, and is on its way there without anybody's doing
	Due         time.Time // while Coming: when its next process is to be started; zero where that is under way
	Proven      bool      // some incarnation has been up
}

// Snapshot is the whole wanted state of the front door. Applying one twice changes nothing, and a later one
// replaces an earlier one.
type Snapshot struct {
	Seq       uint64 // grows with each change
	Endpoints []Endpoint
	Drain     bool          // accept what has already arrived, then no more; every answer ends its connection
	Sole      bool          // no other process holds the listening sockets any more; with Drain they are closed, once settled
	Settle    time.Duration // with Drain: how long handshakes that have begun are waited for at most; 0 is a second
	Ask       uint64        // when it is not 0, reports say it again and carry Figures as of its last change
}

// table is a snapshot made ready for the loops, which only read it. Its entries are dense: entry i is the worker
// with index i, nil when there is none.
type table struct {
	seq     uint64
	ask     uint64
	drain   bool
	sole    bool
	states  []EndpointState
	target  []*target
	killed  []uint64 // see Endpoint.Killed
	trouble string   // the first Endpoint.Trouble
	outlook
}

// newTable builds the table for s. Incarnations that old has already keep their target and so their counts.
func newTable(s Snapshot, old *table) (*table, error) {
	size := 0
	for _, e := range s.Endpoints {
		if e.Index < 0 || e.Index >= endpointsMax {
			return nil, fmt.Errorf("apply snapshot: endpoint index %d is not in 0…%d", e.Index, endpointsMax-1)
		}
		size = max(size, e.Index+1)
	}
	t := &table{seq: s.Seq, ask: s.Ask, drain: s.Drain, sole: s.Sole, states: make([]EndpointState, size), target: make([]*target, size), killed: make([]uint64, size)}
	for _, e := range s.Endpoints {
		if err := t.add(e, old); err != nil {
			return nil, err
		}
	}
	t.outlook = newOutlook(s.Endpoints)
	return t, nil
}

// endpointsMax bounds the index of an endpoint, so that a set of them fits a fixed array.
const endpointsMax = 1024

func (t *table) add(e Endpoint, old *table) error {
	t.states[e.Index], t.killed[e.Index] = e.State, e.Killed
	if t.trouble == "" {
		t.trouble = e.Trouble
	}
	if was := old.at(e.Index); was != nil && was.Incarnation == e.Incarnation && was.Address == e.Address {
		was.requestsMax.Store(e.RequestsMax)
		t.target[e.Index] = was
		return nil
	}
	address, err := socket.ParseAddress(e.Address)
	if err != nil {
		return fmt.Errorf("apply snapshot: endpoint %s: %w", e.Name, err)
	}
	fresh := &target{Endpoint: e, address: address, known: time.Now()}
	fresh.requestsMax.Store(e.RequestsMax)
	t.target[e.Index] = fresh
	return nil
}

// at returns the worker with this index, or nil.
func (t *table) at(index int) *target {
	if t == nil || index >= len(t.target) {
		return nil
	}
	return t.target[index]
}

// isUp tells whether this very incarnation may be chosen.
func (t *table) isUp(index int, incarnation uint64) bool {
	e := t.at(index)
	return e != nil && e.Incarnation == incarnation && t.states[index] == Up
}

// whyNoneIsUp is what to add to an answer with 503 when no worker is up and it is known of one why; empty is nothing.
func (t *table) whyNoneIsUp(status int) string {
	if t == nil || status != 503 || t.trouble == "" || t.anyUp() {
		return ""
	}
	return ": " + t.trouble
}

// anyUp tells whether there is a worker that may be chosen.
func (t *table) anyUp() bool { return t != nil && slices.Contains(t.states, Up) }

// endpointSet is a set of endpoint indexes.
type endpointSet [endpointsMax / 64]uint64

func (s *endpointSet) add(index int)      { s[index/64] |= 1 << (index % 64) }
func (s *endpointSet) has(index int) bool { return s[index/64]&(1<<(index%64)) != 0 }
