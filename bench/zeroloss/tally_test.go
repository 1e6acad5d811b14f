package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"percore/e2e/load"
)

// result is what a real client says of a server that answers so.
func result(t *testing.T, s stream, handler http.HandlerFunc) load.Result {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return load.Once(s.options(strings.TrimPrefix(server.URL, "http://"), "/wait"))
}

func TestATallyTellsEveryLossByItsKind(t *testing.T) {
	get := stream{name: "get", method: http.MethodGet, clients: 1}
	right := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("get 0 0 00000000\n")) }
	unavailable := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }
	badGateway := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
	other := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("post 0 0 00000000\n")) }
	reset := func(w http.ResponseWriter, _ *http.Request) {
		conn, _, _ := w.(http.Hijacker).Hijack()
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	}
	for _, test := range []struct {
		name     string
		answers  []http.HandlerFunc
		answered int
		lost     int
		want     string
	}{
		{"nothing is no loss", nil, 0, 0, "–"},
		{"right answers are no loss", []http.HandlerFunc{right, right}, 2, 0, "–"},
		{"another request's answer is wrong", []http.HandlerFunc{other}, 0, 1, "1 wrong body"},
		{"wrong statuses are told apart", []http.HandlerFunc{badGateway, unavailable, badGateway}, 0, 3, "2 status 502, 1 status 503"},
		{"the most frequent comes first", []http.HandlerFunc{reset, unavailable, right, unavailable}, 1, 3, "2 status 503, 1 reset"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var sum tally
			for _, answer := range test.answers {
				sum.add(result(t, get, answer))
			}
			if sum.answered != test.answered || sum.lost() != test.lost || sum.sent() != test.answered+test.lost || sum.words() != test.want {
				t.Errorf("got %d answered, %d lost, %d sent, %q, want %d, %d, their sum and %q",
					sum.answered, sum.lost(), sum.sent(), sum.words(), test.answered, test.lost, test.want)
			}
		})
	}
}

func TestARefusedRequestIsLost(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	var sum tally
	sum.add(load.Once(stream{name: "get", method: http.MethodGet, clients: 1}.options(address, "/wait")))
	if sum.lost() != 1 || sum.words() != "1 refused" {
		t.Errorf("got %d lost, %q, want 1 refused", sum.lost(), sum.words())
	}
}

func TestTalliesAddUp(t *testing.T) {
	one := tally{answered: 3, failed: map[load.Kind]int{load.Reset: 1}, statuses: map[int]int{502: 2}, slowest: time.Second}
	two := tally{answered: 4, failed: map[load.Kind]int{load.Reset: 2, load.Refused: 5}, idleReset: 1, slowest: time.Minute}
	sum := one.plus(two)
	if sum.answered != 7 || sum.lost() != 10 || sum.slowest != time.Minute {
		t.Errorf("got %d answered, %d lost, slowest %v, want 7, 10 and 1m0s", sum.answered, sum.lost(), sum.slowest)
	}
	if got, want := sum.words(), "5 refused, 3 reset, 2 status 502, 1 idle connections reset"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if one.failed[load.Reset] != 1 || two.statuses != nil {
		t.Errorf("got %v and %v, want the parts as they were", one, two)
	}
}

func TestSpread(t *testing.T) {
	for _, test := range []struct {
		name string
		all  []time.Duration
		want spread
	}{
		{"nothing has none", nil, spread{}},
		{"one is all three", []time.Duration{5}, spread{5, 5, 5}},
		{"of two the median is the greater", []time.Duration{9, 2}, spread{2, 9, 9}},
		{"order does not matter", []time.Duration{7, 1, 3}, spread{1, 3, 7}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := spreadOf(test.all); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}
