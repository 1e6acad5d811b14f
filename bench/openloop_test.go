package main

import (
	"context"
	"fmt"
	"math"
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
	plan := []arrival{{0, time.Millisecond}, {5 * time.Millisecond, 2 * time.Millisecond}, {10 * time.Millisecond, time.Millisecond}}
	good := func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%-*s", sleeperBody, strings.TrimPrefix(r.URL.Path, "/"))
	}
	cases := []struct {
		name   string
		answer http.HandlerFunc
		want   int
	}{
		{"a good answer", good, 200},
		{"an answer to another request", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, "%-*s", sleeperBody, "7") }, 0},
		{"a short answer", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "1000") }, 0},
		{"a refusal", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, 503},
		{"no answer within its patience", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			load := &openLoop{address: sleeperInGo(t, c.answer), patience: time.Second}
			for i, r := range load.run(context.Background(), time.Now(), plan) {
				if r.status != c.want {
					t.Errorf("arrival %d: got status %d, want %d", i, r.status, c.want)
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
	load := &openLoop{patience: 10 * time.Second, address: sleeperInGo(t, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(time.Until(start.Add(stall)))
		fmt.Fprintf(w, "%-*s", sleeperBody, strings.TrimPrefix(r.URL.Path, "/"))
	})}
	var plan []arrival
	for i := range 20 {
		plan = append(plan, arrival{at: time.Duration(i) * 5 * time.Millisecond})
	}
	for i, r := range load.run(context.Background(), start, plan) {
		if want := stall - plan[i].at; r.status != 200 || r.latency < want {
			t.Errorf("arrival %d: got %v and status %d, want at least %v: the server stalled", i, r.latency, r.status, want)
		}
	}
}

func TestAPlanIsWhatItsScenarioSays(t *testing.T) {
	for _, s := range append(tailScenarios(), overload()) {
		t.Run(s.name, func(t *testing.T) {
			const length = 20 * time.Minute
			plan := s.plan(length)
			var sum time.Duration
			for i, a := range plan {
				if i > 0 && a.at < plan[i-1].at || a.at >= length {
					t.Fatalf("arrival %d at %v is out of order", i, a.at)
				}
				sum += a.service
			}
			if got, want := float64(len(plan)), s.rate()*length.Seconds(); math.Abs(got/want-1) > 0.02 {
				t.Errorf("got %.0f arrivals, want about %.0f", got, want)
			}
			if got := sum / time.Duration(len(plan)); math.Abs(float64(got)/float64(s.mean)-1) > 0.1 {
				t.Errorf("mean service time: got %v, want about %v", got, s.mean)
			}
			if again := s.plan(length); again[len(again)/2] != plan[len(plan)/2] {
				t.Error("two plans differ, want the same for every proxy")
			}
		})
	}
}

func TestFreePortsAreInARow(t *testing.T) {
	first, err := freePorts(32)
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range loopback(first, 32) {
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Errorf("got %v, want a free port", err)
			continue
		}
		defer l.Close()
	}
}

// replied is a trial in which every request took so many milliseconds, or failed where it says 0.
func replied(name string, d discipline, s scenario, millis ...int) *trial {
	t := &trial{contender: contender{name: name, discipline: d}, scenario: s, memory: []int64{5e6, 6e6, 6.03e6}}
	for _, ms := range millis {
		r := reply{latency: time.Duration(ms) * time.Millisecond, status: 200}
		if ms == 0 {
			r.status = 503
		}
		t.replies = append(t.replies, r)
	}
	return t
}

func TestTailTables(t *testing.T) {
	s := tailScenarios()[0]
	tables := tailTables([]*trial{
		replied("percore, one at a time", oneAtATime, s, 10, 10, 10, 40),
		replied("nginx round robin", roundRobin, s, 10, 10, 10, 100),
		replied("haproxy maxconn 1", oneAtATime, s, 10, 10, 40, 0),
		replied("percore", leastConn, tailScenarios()[1], 5),
	})
	if len(tables) != 2 {
		t.Fatalf("got %d tables, want one per scenario", len(tables))
	}
	got := tables[0].markdown()
	checkText(t, got, []string{"70 % load", "| percore, one at a time | 4 | 0 | 10.0 | 39.1 | 39.9 | 0.99 | 0.40 |", "| haproxy maxconn 1 | 4 | 1 |"}, []string{"| percore |"})
}

func TestABusyMachineIsNamed(t *testing.T) {
	checkText(t, latenessNote(10*time.Millisecond, 1), []string{"less than 1.0 ms late"}, []string{"TOO BUSY"})
	checkText(t, latenessNote(10*time.Millisecond, 11), []string{"TOO BUSY"}, nil)
	s := tailScenarios()[0]
	b := newBoard()
	b.tails = []*trial{replied("percore, one at a time", oneAtATime, s, 10), replied("haproxy maxconn 1", oneAtATime, s, 20)}
	if got := tailRatio(b, s.name, "haproxy maxconn 1"); got != 0.5 {
		t.Errorf("got %v, want 0.5", got)
	}
	b.tails[1].replies[0].late = time.Second
	if got := tailRatio(b, s.name, "haproxy maxconn 1"); !math.IsNaN(got) {
		t.Errorf("got %v on a busy machine, want none", got)
	}
}

func TestOverloadTable(t *testing.T) {
	s := overload()
	good := replied("percore, one at a time", oneAtATime, s)
	for range s.plan(overloadLength) {
		good.replies = append(good.replies, reply{status: 503})
	}
	plan := s.plan(overloadLength)
	for i, n := 0, 0; n < 950; i++ { // 95 % of 100 per second for 10 s
		if plan[i].at >= overloadSettled {
			good.replies[i] = reply{status: 200, latency: 500 * time.Millisecond}
			n++
		}
	}
	checkText(t, overloadTable([]*trial{good}).markdown(), []string{"| percore, one at a time | 95 % | 500 | 500 | 5.0 | 6.0 | 6.0 |"}, nil)
	if got := growthOf([]*trial{good}, "percore, one at a time"); math.Abs(got-0.005) > 1e-9 {
		t.Errorf("growth: got %v, want 0.005", got)
	}
	if got := shareOf(nil, "percore, one at a time"); !math.IsNaN(got) {
		t.Errorf("share of nobody: got %v, want NaN", got)
	}
}
