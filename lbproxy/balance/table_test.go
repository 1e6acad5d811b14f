package balance

import (
	"strings"
	"testing"
	"time"
)

// mustTable makes a table behind old.
func mustTable(t testing.TB, old *Table, endpoints ...Endpoint) *Table {
	t.Helper()
	table, err := NewTable(endpoints, old)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestABackendKeepsItsCountsAsLongAsItIsTheSameProcess(t *testing.T) {
	same := Endpoint{Index: 1, Address: "127.0.0.1:8001", Incarnation: 3, State: Up}
	changed := func(change func(*Endpoint)) Endpoint {
		e := same
		change(&e)
		return e
	}
	tests := []struct {
		name  string
		next  Endpoint
		keeps bool
	}{
		{"nothing changed", same, true},
		{"it drains", changed(func(e *Endpoint) { e.State = Draining }), true},
		{"it is down", changed(func(e *Endpoint) { e.State = Down }), true},
		{"its death was explained", changed(func(e *Endpoint) { e.Killed, e.Trouble = 3, "killed" }), true},
		{"another process runs in its slot", changed(func(e *Endpoint) { e.Incarnation = 4 }), false},
		{"it listens elsewhere", changed(func(e *Endpoint) { e.Address = "127.0.0.1:9001" }), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			old := mustTable(t, nil, same)
			backend := old.At(1)
			backend.claim(0)
			backend.condition.Store(conditionOut)
			next := mustTable(t, old, test.next)
			got := next.At(1)
			if keeps := got == backend; keeps != test.keeps {
				t.Errorf("the backend is kept: got %v, want %v", keeps, test.keeps)
			}
			if !test.keeps && (got.Load() != 0 || got.IsOut()) {
				t.Errorf("the new one: got %d requests, out %v; want a clean slate", got.Load(), got.IsOut())
			}
			if next.State(1) != test.next.State {
				t.Errorf("state: got %s, want %s", next.State(1), test.next.State)
			}
		})
	}
}

func TestASlotThatIsGoneIsNoBackend(t *testing.T) {
	old := mustTable(t, nil, Endpoint{Index: 0, Address: "127.0.0.1:1", State: Up}, Endpoint{Index: 3, Address: "127.0.0.1:4", State: Up})
	if got := len(old.Backends()); got != 4 {
		t.Errorf("backends: got %d entries, want 4, two of which are empty", got)
	}
	for index, there := range []bool{true, false, false, true, false} {
		if got := old.At(index) != nil; got != there {
			t.Errorf("index %d: got a backend %v, want %v", index, got, there)
		}
	}
	next := mustTable(t, old, Endpoint{Index: 0, Address: "127.0.0.1:1", State: Up})
	if next.At(3) != nil || next.IsUp(3, 0) {
		t.Error("index 3 is still there after the snapshot without it")
	}
	back := mustTable(t, next, Endpoint{Index: 3, Address: "127.0.0.1:4", State: Up})
	if back.At(3) == nil || back.At(3) == old.At(3) {
		t.Error("index 3 has come back as what it was, want a new backend")
	}
}

func TestATableWithoutSenseIsRefused(t *testing.T) {
	tests := []struct {
		name     string
		endpoint Endpoint
		want     string
	}{
		{"an index below 0", Endpoint{Index: -1, Address: "127.0.0.1:1"}, "endpoint index -1 is not in 0…1023"},
		{"an index beyond all", Endpoint{Index: endpointsMax, Address: "127.0.0.1:1"}, "endpoint index 1024 is not in 0…1023"},
		{"no address", Endpoint{Name: "web:web-0"}, "endpoint web:web-0: parse address"},
		{"a name for an address", Endpoint{Name: "web:web-0", Address: "localhost:80"}, "endpoint web:web-0: parse address"},
	}
	for _, test := range tests {
		table, err := NewTable([]Endpoint{test.endpoint}, nil)
		if err == nil || table != nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v and error %v, want %q", test.name, table, err, test.want)
		}
	}
}

func TestWhichIncarnationIsUp(t *testing.T) {
	table := mustTable(t, nil,
		Endpoint{Index: 0, Address: "127.0.0.1:1", Incarnation: 2, State: Up},
		Endpoint{Index: 1, Address: "127.0.0.1:2", Incarnation: 2, State: Draining},
		Endpoint{Index: 2, Address: "unix:/w", Incarnation: 2, State: Down},
	)
	for _, test := range []struct {
		index       int
		incarnation uint64
		want        bool
	}{{0, 2, true}, {0, 1, false}, {0, 3, false}, {1, 2, false}, {2, 2, false}, {3, 2, false}} {
		if got := table.IsUp(test.index, test.incarnation); got != test.want {
			t.Errorf("incarnation %d of %d: got up %v, want %v", test.incarnation, test.index, got, test.want)
		}
	}
	var none *Table
	if none.IsUp(0, 1) || none.AnyUp() || none.At(0) != nil || none.StartsFirst() || none.Trouble() != "" {
		t.Error("without a snapshot something is up, starts or is known to be wrong")
	}
}

func TestWhatIsWrongIsToldWhileNoneIsUp(t *testing.T) {
	endpoint := func(index int, state State, trouble string) Endpoint {
		return Endpoint{Index: index, Address: "127.0.0.1:1", State: state, Trouble: trouble}
	}
	tests := []struct {
		name      string
		endpoints []Endpoint
		want      string
	}{
		{"nothing is there", nil, ""},
		{"nothing is known", []Endpoint{endpoint(0, Down, "")}, ""},
		{"the first that is known is told", []Endpoint{endpoint(0, Down, ""), endpoint(1, Down, "a"), endpoint(2, Down, "b")}, "a"},
		{"one drains", []Endpoint{endpoint(0, Down, "a"), endpoint(1, Draining, "")}, "a"},
		{"one is up", []Endpoint{endpoint(0, Down, "a"), endpoint(1, Up, "")}, ""},
	}
	for _, test := range tests {
		if got := mustTable(t, nil, test.endpoints...).Trouble(); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestTheLimitOfRequestsMayChange(t *testing.T) {
	endpoint := Endpoint{Address: "127.0.0.1:1", State: Up, RequestsMax: 5}
	old := mustTable(t, nil, endpoint)
	backend := old.At(0)
	backend.Count()
	if backend.IsExhausted() {
		t.Error("exhausted after one of five")
	}
	endpoint.RequestsMax = 2
	mustTable(t, old, endpoint)
	if !backend.Count() || !backend.IsExhausted() {
		t.Error("not exhausted by the second, which is the last by the new limit")
	}
	if backend.Count() {
		t.Error("the third exhausts it once more, want it told once")
	}
	endpoint.RequestsMax = 0
	mustTable(t, old, endpoint)
	if backend.IsExhausted() {
		t.Error("exhausted without a limit")
	}
}

func TestAnEndpointIsKnownSinceItCame(t *testing.T) {
	before := time.Now()
	table := mustTable(t, nil, Endpoint{Address: "127.0.0.1:1"})
	if known := table.At(0).Known; known.Before(before) || known.After(time.Now()) {
		t.Errorf("known since %v, want now", known)
	}
	if table.At(0).Destination == nil {
		t.Error("there is no address to connect to")
	}
}
