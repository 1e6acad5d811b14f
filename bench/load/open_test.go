package load

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// sleeperInGo answers like sleeper.c, but every request at once.
func sleeperInGo(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: answer}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { s.Close() })
	return l.Addr().String()
}

func TestOpenLoop(t *testing.T) {
	plan := []Arrival{{0, time.Millisecond}, {5 * time.Millisecond, 2 * time.Millisecond}, {10 * time.Millisecond, time.Millisecond}}
	good := func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%-*s", sleeperBody, strings.TrimPrefix(r.URL.Path, "/"))
	}
	cases := []struct {
		name   string
		answer http.HandlerFunc
		want   int
		within time.Duration
	}{
		{"a good answer", good, 200, time.Minute},
		{"an answer to another request", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, "%-*s", sleeperBody, "7") }, 0, time.Minute},
		{"a short answer", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "1000") }, 0, time.Minute},
		{"a refusal", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, 503, time.Minute},
		{"no answer within its patience", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, 0, 200 * time.Millisecond},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			clients := &Open{Address: sleeperInGo(t, c.answer), Patience: c.within}
			for i, r := range clients.Run(context.Background(), time.Now(), plan) {
				if r.Status != c.want {
					t.Errorf("arrival %d: got status %d, want %d", i, r.Status, c.want)
				}
			}
		})
	}
}

// TestAnOpenLoopDoesNotWaitForAnswers has a server that stalls: the requests of that time are sent all the same, and their
// waiting counts from their schedule.
func TestAnOpenLoopDoesNotWaitForAnswers(t *testing.T) {
	const stall = 200 * time.Millisecond
	start := time.Now()
	clients := &Open{Patience: time.Minute, Address: sleeperInGo(t, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(time.Until(start.Add(stall)))
		fmt.Fprintf(w, "%-*s", sleeperBody, strings.TrimPrefix(r.URL.Path, "/"))
	})}
	var plan []Arrival
	for i := range 20 {
		plan = append(plan, Arrival{At: time.Duration(i) * 5 * time.Millisecond})
	}
	for i, r := range clients.Run(context.Background(), start, plan) {
		if want := stall - plan[i].At; r.Status != 200 || r.Latency < want {
			t.Errorf("arrival %d: got %v and status %d, want at least %v: the server stalled", i, r.Latency, r.Status, want)
		}
	}
}
