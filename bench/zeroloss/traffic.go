package main

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"net/http"
	"time"

	"percore/e2e/load"
)

// requestTimeout is longer than any answer takes; what exceeds it is counted as timed out.
const requestTimeout = 30 * time.Second

// stream is one kind of request, asked again and again.
type stream struct {
	name    string
	method  string
	ms      int // that the answer takes
	bytes   int // of the body
	kept    bool
	clients int
	pause   time.Duration // of each client between two requests
}

// short tells the streams whose answers show how long a restart makes others wait.
func (s stream) short() bool { return s.ms == 0 }

// options is the stream as the client wants it. Each answer has to name its request and the sum of its body.
func (s stream) options(address, path string) load.Options {
	body := bytes.Repeat([]byte("0123456789abcdef"), s.bytes/16)
	want := fmt.Sprintf("%s %d %d %08x\n", s.name, s.ms, len(body), crc32.ChecksumIEEE(body))
	return load.Options{
		Address: address, Path: fmt.Sprintf("%s?ms=%d&id=%s", path, s.ms, s.name), Method: s.method, Body: body,
		KeepAlive: s.kept, Clients: s.clients, Pause: s.pause, Timeout: requestTimeout,
		Check: func(got []byte) error {
			if string(got) != want {
				return fmt.Errorf("want %q", want)
			}
			return nil
		},
	}
}

// mixed asks in every way at once. A worker that waits without blocking gets a few hundred requests per second, which
// it answers with a fraction of a CPU. One that blocks can't be asked more than it has time for, or the
// queue alone would make losses: its long requests pause for a multiple of their time.
//
// Each client pauses for as long as its answer takes at least, after a failure as well. So a service that turns requests away
// at once is asked at most twice as often as one that answers, and what it loses is the time it was away times the load.
func mixed(blocking bool, workers int) []stream {
	const kib = 1 << 10
	streams := []stream{
		{"get-kept", http.MethodGet, 0, 0, true, 4, 25 * time.Millisecond},
		{"get-new", http.MethodGet, 0, 0, false, 2, 25 * time.Millisecond},
		{"post-kept", http.MethodPost, 0, 8 * kib, true, 2, 25 * time.Millisecond},
		{"post-new", http.MethodPost, 0, 100 * kib, false, 1, 25 * time.Millisecond},
	}
	clients, rest := 4, 1
	if blocking {
		for i := range streams {
			streams[i].clients, streams[i].pause = 1, 50*time.Millisecond
		}
		clients, rest = max(1, workers/2), 2
		if workers == 1 {
			rest = 5
		}
	}
	for _, ms := range []int{300, 1000, 3000} {
		pause := time.Duration(rest*ms) * time.Millisecond
		streams = append(streams, stream{fmt.Sprintf("get-%dms", ms), http.MethodGet, ms, 0, ms != 1000, clients, pause})
	}
	if !blocking {
		streams = append(streams, stream{"post-1000ms", http.MethodPost, 1000, 8 * kib, true, 2, time.Second})
	}
	return streams
}

// traffic is a mixed load that is under way.
type traffic struct {
	streams []stream
	runs    []*load.Run
}

func startTraffic(address, path string, streams []stream) *traffic {
	t := &traffic{streams: streams}
	for _, s := range streams {
		t.runs = append(t.runs, load.Start(s.options(address, path)))
	}
	return t
}

// outcome is what came of a mixed load.
type outcome struct {
	get, post tally
	short     time.Duration // slowest right answer to a request that takes no time
	examples  []string      // the first failures
}

func (o outcome) all() tally { return o.get.plus(o.post) }

// stop lets every request that is under way end.
func (t *traffic) stop() outcome {
	results := make([]load.Result, len(t.runs))
	done := make(chan struct{})
	for i, run := range t.runs { // together: else some would go on asking meanwhile
		go func() {
			results[i] = run.Stop()
			done <- struct{}{}
		}()
	}
	for range t.runs {
		<-done
	}
	return summarize(t.streams, results)
}

func summarize(streams []stream, results []load.Result) outcome {
	var o outcome
	for i, r := range results {
		if streams[i].method == http.MethodPost {
			o.post.add(r)
		} else {
			o.get.add(r)
		}
		if streams[i].short() {
			o.short = max(o.short, r.MaxLatency)
		}
		for _, f := range r.Failures {
			o.examples = append(o.examples, streams[i].name+": "+f.String())
		}
	}
	return o
}
