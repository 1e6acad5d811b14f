package main

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"percore/e2e/program"
	"percore/e2e/rig"
)

// startWorker serves in this process until the test ends.
func startWorker(t *testing.T, how conduct) (address string) {
	t.Helper()
	port := rig.FreePorts(t, 1)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, how, port) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("worker: got %v, want no error", err)
		}
	})
	address = program.Loopback(port)
	rig.Await(t, "the worker to listen", func() bool { return program.Accepts(address) })
	return address
}

// TestWhatAClientLosesByItself asks workers without a proxy: a client that keeps its connection loses what the
// worker ends on receipt.
func TestWhatAClientLosesByItself(t *testing.T) {
	const requests = 20
	tests := []struct {
		how         conduct
		least, most int
	}{
		{keeps, 0, 0},
		{onReceipt, requests / 2, requests / 2},
		{atOnce, 0, requests / 2},
		{second, 0, requests / 2},
		{soon, 0, requests / 2},
	}
	for _, test := range tests {
		t.Run(string(test.how), func(t *testing.T) {
			got := sendPOSTs(startWorker(t, test.how), 1, requests)
			if got.sent != requests || got.lost < test.least || got.lost > test.most || got.twice != 0 {
				t.Errorf("tally: got %+v, want %d sent, %d to %d lost, none executed twice", got, requests, test.least, test.most)
			}
		})
	}
}

func TestRequestsThatAreExecutedTwiceAreCounted(t *testing.T) {
	address := startWorker(t, keeps)
	a := asker{address: address}
	defer a.close()
	for range 3 {
		if _, err := a.ask("POST", "POST / HTTP/1.1\r\nHost: x\r\nX-Id: same\r\nContent-Length: 0\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
	}
	if got := askTwice(address); got != 1 {
		t.Errorf("executed twice: got %d, want 1", got)
	}
}

func TestBothMethodsAreTimed(t *testing.T) {
	address := startWorker(t, keeps)
	for _, method := range []string{"GET", "HEAD"} {
		got := timeRequests(address, method, options{clients: 2, length: 50 * time.Millisecond})
		if got.errors != 0 || got.rate <= 0 || got.median <= 0 {
			t.Errorf("%s: got %+v, want answers, a median and no error", method, got)
		}
	}
}

func TestTheSummaryHasTheMedianAndTheRate(t *testing.T) {
	got := summarize([]time.Duration{5, 1, 3}, []int{1, 0}, time.Second)
	if want := (timing{median: 3, rate: 2, errors: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestThePageHasEveryFigure(t *testing.T) {
	r := report{
		options: options{clients: 4, requests: 250, length: time.Second}, versions: []string{"nginx 1"}, machine: "a machine",
		losses: []loss{
			{"percore", onReceipt, tally{sent: 1000, lost: 4}},
			{"nginx", onReceipt, tally{sent: 1000, lost: 500, twice: 2}},
			{"HAProxy", onReceipt, tally{sent: 1000, lost: 499, twice: -1}},
		},
		speeds: []speed{{"nginx", "HEAD", timing{median: 250 * time.Microsecond, rate: 4000, errors: 3}}},
	}
	page := r.page()
	for _, want := range []string{
		"| ends a connection when the next request is there | 4 of 1000 | 500 of 1000, **2 executed twice** | 499 of 1000, executions unknown |\n",
		"| keeps connections | – | – | – |\n",
		"| nginx | – | – | 250 µs | 4000 (3 failed) |\n",
		"4 clients, each with a kept connection and 250 POSTs", "- nginx 1\n", "a machine",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("page: got\n%s\nwant %q in it", page, want)
		}
	}
}

func TestTheCommandLineIsChecked(t *testing.T) {
	for _, args := range [][]string{{"-clients", "0"}, {"-requests", "0"}, {"-length", "0s"}, {"-nonsense"}} {
		if _, err := parseOptions(args, io.Discard); err == nil {
			t.Errorf("%v: got no error, want one", args)
		}
	}
	if o, err := parseOptions(nil, io.Discard); err != nil || o.clients != 4 || o.requests != 250 {
		t.Errorf("defaults: got %+v and error %v, want 4 clients of 250 requests", o, err)
	}
}
