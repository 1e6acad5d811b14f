package balance

import (
	"fmt"
	"slices"
	"time"

	"percore/lbproxy/socket"
)

// State says what the front door may do with a backend.
type State uint8

// The states of an endpoint.
const (
	Down     State = iota // not there: never chosen
	Up                    // ready: may be chosen
	Draining              // finishes what it has, gets nothing new
)

var stateNames = [...]string{"down", "up", "draining"}

// String returns the state's name in lower case.
func (s State) String() string { return stateNames[s] }

// MarshalText writes the state's name.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the state's name.
func (s *State) UnmarshalText(text []byte) error {
	for i, name := range stateNames {
		if name == string(text) {
			*s = State(i)
			return nil
		}
	}
	return fmt.Errorf("parse endpoint state: unknown name %q", text)
}

// Endpoint is a worker as the front door sees it. Index is its slot in its service, and Incarnation counts the
// processes that the slot has had.
type Endpoint struct {
	Service     int // whose it is
	Index       int
	Name        string // for the access log and errors
	Address     string // `127.0.0.1:8000` or `unix:/path`
	Incarnation uint64
	PID         int // its process, as PID 1 knows it, for the access log; 0 is not known
	State       State
	Killed      uint64    // the latest incarnation that was killed from outside, of which no request is to blame; 0 is none
	Trouble     string    // why it is not up, where that is known, in words fit for HTML and JSON as they are; empty is nothing
	RequestsMax uint64    // requests after which the incarnation is reported as exhausted; 0 is never
	Coming      bool      // it is not up, and is on its way there by itself
	Due         time.Time // while Coming: when its next process is to be started; zero where that is under way
	Proven      bool      // some incarnation has been up
}

// Table is the endpoints of a service made ready for the loops, which only read it. Its entries are dense: entry i is
// the backend with index i, nil when there is none.
type Table struct {
	states   []State
	backends []*Backend
	killed   []uint64 // see Endpoint.Killed
	trouble  string   // the first Endpoint.Trouble
	outlook
}

// NewTable builds the table of endpoints. Incarnations that old has already keep their [Backend] and so their counts.
func NewTable(endpoints []Endpoint, old *Table) (*Table, error) {
	size := 0
	for _, e := range endpoints {
		if e.Index < 0 || e.Index >= endpointsMax {
			return nil, fmt.Errorf("apply snapshot: endpoint index %d is not in 0…%d", e.Index, endpointsMax-1)
		}
		size = max(size, e.Index+1)
	}
	t := &Table{states: make([]State, size), backends: make([]*Backend, size), killed: make([]uint64, size)}
	for _, e := range endpoints {
		if err := t.add(e, old); err != nil {
			return nil, err
		}
	}
	t.outlook = newOutlook(endpoints)
	return t, nil
}

// endpointsMax bounds the index of an endpoint, so that a set of them fits a fixed array.
const endpointsMax = 1024

func (t *Table) add(e Endpoint, old *Table) error {
	t.states[e.Index], t.killed[e.Index] = e.State, e.Killed
	if t.trouble == "" {
		t.trouble = e.Trouble
	}
	if was := old.At(e.Index); was != nil && was.Incarnation == e.Incarnation && was.Address == e.Address {
		was.requestsMax.Store(e.RequestsMax)
		t.backends[e.Index] = was
		return nil
	}
	address, err := socket.ParseAddress(e.Address)
	if err != nil {
		return fmt.Errorf("apply snapshot: endpoint %s: %w", e.Name, err)
	}
	fresh := &Backend{Endpoint: e, Destination: address, Known: time.Now()}
	fresh.requestsMax.Store(e.RequestsMax)
	t.backends[e.Index] = fresh
	return nil
}

// At returns the backend with this index, or nil.
func (t *Table) At(index int) *Backend {
	if t == nil || index >= len(t.backends) {
		return nil
	}
	return t.backends[index]
}

// Backends are the backends by their index, nil where there is none. They are only read.
func (t *Table) Backends() []*Backend { return t.backends }

// State is the state of the backend with this index, which there is.
func (t *Table) State(index int) State { return t.states[index] }

// IsUp reports whether this very incarnation may be chosen.
func (t *Table) IsUp(index int, incarnation uint64) bool {
	backend := t.At(index)
	return backend != nil && backend.Incarnation == incarnation && t.states[index] == Up
}

// Trouble is why no backend is up, in words fit for HTML and JSON as they are; empty where one is, or where it is not
// known.
func (t *Table) Trouble() string {
	if t == nil || t.AnyUp() {
		return ""
	}
	return t.trouble
}

// AnyUp reports whether there is a backend that may be chosen.
func (t *Table) AnyUp() bool { return t != nil && slices.Contains(t.states, Up) }

// set is a set of endpoint indexes.
type set [endpointsMax / 64]uint64

func (s *set) add(index int)      { s[index/64] |= 1 << (index % 64) }
func (s *set) has(index int) bool { return s[index/64]&(1<<(index%64)) != 0 }
