package main

import (
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// application answers as the ones in apps do, but at once.
func application(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	q := r.URL.Query()
	fmt.Fprintf(w, "%s %s %d %08x\n", q.Get("id"), q.Get("ms"), len(body), crc32.ChecksumIEEE(body))
}

func TestAMixedLoadAsksInEveryWay(t *testing.T) {
	for _, test := range []struct {
		name     string
		blocking bool
		workers  int
	}{
		{"of workers that do not block", false, 4},
		{"of one that blocks", true, 1},
		{"of four that block", true, 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			seen := map[string]bool{}
			for _, s := range mixed(test.blocking, test.workers) {
				if s.clients < 1 {
					t.Errorf("%s: got %d clients, want some", s.name, s.clients)
				}
				seen[s.method], seen[fmt.Sprint("kept ", s.kept)], seen[fmt.Sprint(s.ms)] = true, true, true
			}
			for _, want := range []string{"GET", "POST", "kept true", "kept false", "0", "300", "1000", "3000"} {
				if !seen[want] {
					t.Errorf("got no request with %s", want)
				}
			}
		})
	}
}

func TestBlockingWorkersHaveTimeForAllThatIsAsked(t *testing.T) {
	for _, workers := range []int{1, 2, 4} {
		busy := 0.0
		for _, s := range mixed(true, workers) {
			takes := float64(s.ms) + 5 // of a worker, in ms
			busy += float64(s.clients) * takes / (takes + float64(s.pause.Milliseconds()))
		}
		if share := busy / float64(workers); share > 0.95 {
			t.Errorf("%d workers: got %.0f %% of their time, want less than all", workers, share*100)
		}
	}
}

func TestAServiceThatTurnsRequestsAwayIsAskedAtMostTwiceAsOften(t *testing.T) {
	for _, blocking := range []bool{false, true} {
		for _, s := range mixed(blocking, 4) {
			if least := max(25*time.Millisecond, time.Duration(s.ms)*time.Millisecond); s.pause < least {
				t.Errorf("%s, blocking %t: got a pause of %v after an answer or a failure, want %v or more", s.name, blocking, s.pause, least)
			}
		}
	}
}

func TestAnOutcomeKeepsGETAndPOSTApart(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		application(w, r)
	}))
	defer server.Close()
	load := startTraffic(strings.TrimPrefix(server.URL, "http://"), "/wait", []stream{
		{"get", http.MethodGet, 0, 0, true, 1, time.Millisecond},
		{"post", http.MethodPost, 0, 64, true, 1, time.Millisecond},
	})
	for load.runs[0].Result().OK() == 0 || load.runs[1].Result().Failed() == 0 {
		time.Sleep(time.Millisecond)
	}
	got := load.stop()
	if got.get.lost() != 0 || got.get.answered == 0 || got.post.answered != 0 || got.post.lost() == 0 {
		t.Errorf("got %+v, want every GET answered and every POST lost", got)
	}
	if got.short != got.get.slowest || len(got.examples) == 0 || !strings.HasPrefix(got.examples[0], "post: ") {
		t.Errorf("got slowest %v and examples %q, want that of the GETs and those of the POSTs", got.short, got.examples)
	}
	if all := got.all(); all.lost() != got.post.lost() || all.answered != got.get.answered {
		t.Errorf("got %+v in all, want the sum", all)
	}
}

func TestABodyIsCheckedByItsSum(t *testing.T) {
	post := stream{name: "post", method: http.MethodPost, bytes: 8 << 10, clients: 1}
	if got := result(t, post, application); got.OK() != 1 {
		t.Errorf("got %v, want a right answer", got)
	}
	swallow := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadFull(r.Body, make([]byte, 16))
		application(w, r)
	}
	if got := result(t, post, swallow); got.OK() != 0 || got.Failed() != 1 {
		t.Errorf("got %v, want a wrong one where bytes are missing", got)
	}
}
