package balance

import (
	"testing"
	"time"
)

// coming are endpoints with their addresses filled in.
func coming(endpoints ...Endpoint) []Endpoint {
	for i := range endpoints {
		endpoints[i].Index, endpoints[i].Address = i, "127.0.0.1:1"
	}
	return endpoints
}

func TestWhatARequestHasToWaitFor(t *testing.T) {
	soon, late := time.Now().Add(time.Second), time.Now().Add(time.Hour)
	tests := []struct {
		name       string
		endpoints  []Endpoint
		want       Prospect
		retryAfter int64
	}{
		{"none is there", nil, NoneComing, 1},
		{"all are done for", coming(Endpoint{}, Endpoint{Proven: true}), NoneComing, 1},
		{"one starts", coming(Endpoint{}, Endpoint{Coming: true}), Hopeful, 1},
		{"one is to start soon", coming(Endpoint{Coming: true, Due: late}, Endpoint{Coming: true, Due: soon}), Hopeful, 1},
		{"the next start is far away", coming(Endpoint{Coming: true, Due: late}), NoneComing, 60},
		{"it is half a minute away", coming(Endpoint{Coming: true, Due: time.Now().Add(29500 * time.Millisecond)}), NoneComing, 30},
		{"it should have been by now", coming(Endpoint{Coming: true, Due: time.Now().Add(-time.Second)}), Hopeful, 1},
		{"the last one leaves for good", coming(Endpoint{State: Draining}), NoneComing, 1},
		{"the last one is replaced", coming(Endpoint{State: Draining, Coming: true}), Hopeful, 1},
		{"one is up", coming(Endpoint{State: Up}, Endpoint{Coming: true, Due: late}), Hopeful, 1},
	}
	for _, test := range tests {
		table := mustTable(t, nil, test.endpoints...)
		if got := table.Prospect(&Waiter{}, 1, 10*time.Second); got != test.want {
			t.Errorf("%s: got prospect %d, want %d", test.name, got, test.want)
		}
		if got := table.RetryAfterSeconds(); got != test.retryAfter {
			t.Errorf("%s: got Retry-After %d, want %d", test.name, got, test.retryAfter)
		}
	}
	var none *Table
	if none.Prospect(&Waiter{}, 1, 0) != Hopeful || none.RetryAfterSeconds() != 1 {
		t.Error("without a snapshot there is no hope, want a request to wait for the first one")
	}
}

func TestTheTimeThatIsLeftDecidesAboutANextStart(t *testing.T) {
	table := mustTable(t, nil, coming(Endpoint{Coming: true, Due: time.Now().Add(time.Minute)})...)
	for left, want := range map[time.Duration]Prospect{-1: NoneComing, 0: NoneComing, 30 * time.Second: NoneComing, 2 * time.Minute: Hopeful, 1<<63 - 1: Hopeful} {
		if got := table.Prospect(&Waiter{}, 1, left); got != want {
			t.Errorf("%v left: got %d, want %d", left, got, want)
		}
	}
}

func TestTheFirstStartIsOnlyTheFirst(t *testing.T) {
	tests := []struct {
		name      string
		endpoints []Endpoint
		want      bool
	}{
		{"none is there", nil, false},
		{"all start", coming(Endpoint{Coming: true}, Endpoint{Coming: true}), true},
		{"one is done for, one starts", coming(Endpoint{}, Endpoint{Coming: true}), true},
		{"all are done for", coming(Endpoint{}, Endpoint{}), false},
		{"one has been up", coming(Endpoint{Coming: true}, Endpoint{Proven: true}), false},
		{"one is up", coming(Endpoint{Coming: true}, Endpoint{State: Up}), false},
		{"all listen elsewhere", coming(Endpoint{Coming: true, Trouble: "elsewhere"}), false},
		{"one of them does not", coming(Endpoint{Coming: true, Trouble: "elsewhere"}, Endpoint{Coming: true}), true},
	}
	for _, test := range tests {
		if got := mustTable(t, nil, test.endpoints...).StartsFirst(); got != test.want {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}

// TestRefusalsAreBelievedAfterAWhile has two backends refuse a request, as they do when they are broken, and when they
// have just died.
func TestRefusalsAreBelievedAfterAWhile(t *testing.T) {
	const began = int64(time.Second)
	const enough = began + refusedMillis*int64(time.Millisecond)
	tests := []struct {
		name  string
		now   int64
		tried int // how many of the two have refused it
		age   time.Duration
		last  bool // its last failure was a refusal
		want  Prospect
	}{
		{"both refuse it for long", enough, 2, time.Hour, true, AllRefuse},
		{"both refuse it, not for long", enough - 1, 2, time.Hour, true, Hopeful},
		{"one has not been tried", enough, 1, time.Hour, true, Hopeful},
		{"both may not listen yet", enough, 2, time.Second, true, Hopeful},
		{"one has failed otherwise since", enough, 2, time.Hour, false, Hopeful},
	}
	for _, test := range tests {
		table := tableOf(t, Up, Down, Up)
		w := &Waiter{}
		w.NoteRefusal(true, began)
		w.NoteRefusal(true, began+1) // the first counts
		w.NoteRefusal(test.last, began+2)
		for _, index := range []int{0, 2}[:test.tried] {
			w.NoteTried(table.At(index))
			table.At(index).Known = time.Now().Add(-test.age)
		}
		if got := table.Prospect(w, test.now, time.Hour); got != test.want {
			t.Errorf("%s: got %d, want %d", test.name, got, test.want)
		}
	}
	if got := tableOf(t, Up).Prospect(&Waiter{}, enough, 0); got != Hopeful {
		t.Errorf("a request that none has refused: got %d, want hope", got)
	}
}
