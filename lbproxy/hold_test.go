package lbproxy

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"percore/lbproxy/accesslog"
)

// places are where bodies can be held: in RAM, where a write ends at once, and on a disk, where it ends later.
func places(t *testing.T) map[string]string {
	return map[string]string{"in RAM": "", "on a disk": t.TempDir()}
}

// tellLength answers with what the worker got of a body: its framing, how long it was and a digest.
func tellLength(q *stubRequest) bool {
	digest := sha256.New()
	n, err := q.copyBody(digest)
	framing := "length"
	if strings.Contains(strings.ToLower(q.head), "transfer-encoding") {
		framing = "chunks"
	}
	return q.ok(fmt.Sprintf("%s %d %x %v", framing, n, digest.Sum(nil), err))
}

func told(framing, body string) string {
	return fmt.Sprintf("%s %d %x <nil>", framing, len(body), sha256.Sum256([]byte(body)))
}

func pattern(n int) string {
	return strings.Repeat("0123456789abcdefghijklmnopqrstuvwxyz\n", n/37+1)[:n]
}

// inChunks frames a body in chunks of so many bytes.
func inChunks(body string, size int) string {
	var b strings.Builder
	for len(body) > 0 {
		n := min(size, len(body))
		fmt.Fprintf(&b, "%x\r\n%s\r\n", n, body[:n])
		body = body[n:]
	}
	return b.String() + "0\r\n\r\n"
}

func TestEveryHeldBodyComesWithItsLength(t *testing.T) {
	const buffer = 64 << 10
	for place, path := range places(t) {
		for _, size := range []int{buffer - 1, buffer, buffer + 1, 2 * buffer, 300_000, 3_000_000} {
			for _, chunk := range []int{0, 1000, 100_000} {
				if size > 1_000_000 && chunk == 1000 {
					continue
				}
				t.Run(fmt.Sprintf("%s, %d bytes, chunks of %d", place, size, chunk), func(t *testing.T) {
					r := newRig(t, func(o *Options) { o.ClientBodyTempPath = path })
					r.workers(newStub(t, tellLength).address)
					body := pattern(size)
					c := r.client()
					for _, method := range []string{"POST", "PUT", "SWAP"} {
						request := fmt.Sprintf("%s / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", method, size, body)
						if chunk > 0 {
							request = method + " / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + inChunks(body, chunk)
						}
						c.send(request)
						c.read(method).want(t, 200, told("length", body))
					}
					r.wantNothingHeld()
				})
			}
		}
	}
}

// wantNothingHeld holds that all that was held for exchanges is given back.
func (r *rig) wantNothingHeld() {
	r.t.Helper()
	eventually(r.t, "nothing is held", func() bool {
		held := r.proxy.heldFigures()
		return held.Files == 0 && held.Bytes == 0 && r.usage() == 0
	})
}

// TestWhatStandsStillInMemoryGoesToFilesFirst: uploads that hold buffers, and owe the rest, go to their files when others
// need the room, and none of their clients goes.
func TestWhatStandsStillInMemoryGoesToFilesFirst(t *testing.T) {
	for place, path := range places(t) {
		t.Run(place, func(t *testing.T) {
			r := newRig(t, func(o *Options) {
				cramped(o)
				o.ClientBodyTempPath, o.TempSize = path, 1<<30
			})
			r.workers(newStub(t, tellLength).address)
			body := pattern(100_000)
			head := fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", len(body))
			var all []*caller
			for i := range 40 { // 96 KB for each: half of the budget
				all = append(all, r.client().send(head+body[:60_000]))
				eventually(t, "it is in memory", func() bool { return r.exchanges() == i+1 && r.usage() >= int64(i+1)*90_000 })
			}
			r.onLoop(func(l *loop) {
				l.now += unservedMillis + 1 // they count as those that owe
				l.buffers.SetBudget(l.buffers.Used())
				for range 10 {
					l.room.trim()
				}
			})
			eventually(t, "room is made", func() bool { return r.proxy.heldFigures().Files > 0 })
			for _, c := range all {
				c.send(body[60_000:])
				c.read("POST").want(t, 200, told("length", body))
			}
			if strings.Contains(r.log.String(), "clients closed") {
				t.Error("clients went, want their bodies to go to files")
			}
		})
	}
}

func TestNoWorkerWaitsForASlowUpload(t *testing.T) {
	for place, path := range places(t) {
		t.Run(place, func(t *testing.T) {
			r := newRig(t, func(o *Options) { o.ClientBodyTempPath, o.Services[0].WorkerConcurrency = path, 1 })
			s := newStub(t, tellLength)
			r.workers(s.address)
			body := pattern(500_000)
			slow := r.client().send(fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body[:400_000]))
			eventually(t, "the beginning is held", func() bool { return r.proxy.heldFigures().Bytes > 0 })
			r.client().do(post("quick")).want(t, 200, told("length", "quick"))
			if n := s.requests.Load(); n != 1 {
				t.Errorf("requests at the worker: got %d, want the quick one alone", n)
			}
			slow.send(body[400_000:])
			slow.read("POST").want(t, 200, told("length", body))
			r.wantNothingHeld()
		})
	}
}

func TestAWorkerIsLetGoWhenItsClientIsSlow(t *testing.T) {
	for place, path := range places(t) {
		for _, chunked := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, chunked %t", place, chunked), func(t *testing.T) {
				r := newRig(t, func(o *Options) {
					o.ClientBodyTempPath, o.Services[0].WorkerConcurrency, o.AccessLog = path, 1, accesslog.JSON
				})
				body := pattern(20 << 20)
				r.workers(newStub(t, func(q *stubRequest) bool {
					if q.path() != "/big" {
						return q.ok("small")
					}
					if chunked {
						return q.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%s", inChunks(body, 100_000))
					}
					return q.ok(body)
				}).address)
				slow := r.client()
				_ = slow.SetReadBuffer(64 << 10)
				slow.send("GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
				r.client().do(getRequest).want(t, 200, "small") // the one worker has said all
				_ = slow.SetReadBuffer(4 << 20)
				resp, err := http.ReadResponse(slow.in, nil)
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(resp.Body)
				if err != nil || string(got) != body {
					t.Errorf("slow response: got %d bytes and error %v, want %d and none", len(got), err, len(body))
				}
				r.wantNothingHeld()
				eventually(t, "the line says what was held", func() bool {
					return strings.Contains(r.access.String(), `"percore.held_response_bytes":`)
				})
			})
		}
	}
}

// TestWhatIsHeldOfACutResponseArrivesFirst, also where the end of the connection is all that an HTTP/1.0 client knows of
// the response's end: the reset comes behind it.
func TestWhatIsHeldOfACutResponseArrivesFirst(t *testing.T) {
	for _, version := range []string{"1.0", "1.1"} {
		t.Run(version, func(t *testing.T) {
			r := newRig(t, nil)
			body := pattern(20 << 20)
			r.workers(newStub(t, func(q *stubRequest) bool {
				q.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s", len(body)+1, body)
				return false
			}).address)
			c := r.client()
			_ = c.SetReadBuffer(64 << 10)
			c.send("GET / HTTP/" + version + "\r\nHost: x\r\n\r\n")
			eventually(t, "the worker has left", func() bool { return strings.Contains(r.log.String(), "stopped in the middle") })
			_ = c.SetReadBuffer(4 << 20)
			got, err := io.ReadAll(c.in)
			if len(got) < len(body)/2 || version == "1.0" && err == nil {
				t.Errorf("got %d bytes and error %v, want most of %d and then a reset", len(got), err, len(body))
			}
		})
	}
}

// TestWhatIsToBeThereAtOnceIsNotHeld: the worker has to wait for a client that does not take it.
func TestWhatIsToBeThereAtOnceIsNotHeld(t *testing.T) {
	tests := []struct {
		name, fields string
		adjust       func(*Options)
	}{
		{"an event stream", "Content-Type: text/event-stream; charset=utf-8\r\n", nil},
		{"the worker says so", "X-Accel-Buffering: no\r\n", nil},
		{"it is switched off", "", func(o *Options) { o.Services[0].ProxyBuffering = false }},
		{"no file may be used", "", func(o *Options) { o.ProxyMaxTempFileSize = 0 }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, test.adjust)
			body := pattern(20 << 20)
			said := make(chan struct{})
			r.workers(newStub(t, func(q *stubRequest) bool {
				defer close(said)
				return q.say("HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s", test.fields, len(body), body)
			}).address)
			c := r.client()
			_ = c.SetReadBuffer(64 << 10)
			c.send(getRequest)
			eventually(t, "the client is behind", func() bool { return r.pending() > 0 })
			select {
			case <-said:
				t.Error("the worker has said all, want it to wait for the client")
			case <-time.After(100 * time.Millisecond):
			}
			if held := r.proxy.heldFigures(); held.Responses != 0 {
				t.Errorf("held: got %+v, want none", held)
			}
			_ = c.SetReadBuffer(4 << 20)
			c.read("GET").want(t, 200, body)
		})
	}
}

// TestABodyThatCannotBeHeld passes through where its length is known, and is refused where it is not: it would come to
// the worker in chunks.
func TestABodyThatCannotBeHeld(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	for name, adjust := range map[string]func(*Options){
		"there is no room":        func(o *Options) { o.TempSize = 1000 },
		"there is room for a bit": func(o *Options) { o.TempSize = 400_000 },
		"there is no folder":      func(o *Options) { o.ClientBodyTempPath = missing },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, adjust)
			r.workers(newStub(t, tellLength).address)
			body := pattern(1_000_000)
			c := r.client()
			c.do(fmt.Sprintf("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body)).
				want(t, 200, told("length", body))
			c.do("PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"+inChunks(body[:60_000], 7000)).
				want(t, 200, told("length", body[:60_000]))
			refused := c.do("PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + inChunks(body, 100_000))
			if refused.want(t, 503, "~no room to hold"); refused.Header.Get("Retry-After") == "" {
				t.Error("the refusal has no Retry-After")
			}
			if held := r.proxy.heldFigures(); name == "there is no room" && held.Requests != 0 {
				t.Errorf("held: got %+v, want no request", held)
			}
			eventually(t, "it is said", func() bool { return strings.Count(r.log.String(), "bodies are not held") == 1 })
			r.wantNothingHeld()
		})
	}
}

// TestAHeldRequestIsRepeatedFromItsFile has the first worker die when it has read all.
func TestAHeldRequestIsRepeatedFromItsFile(t *testing.T) {
	for place, path := range places(t) {
		t.Run(place, func(t *testing.T) {
			r := newRig(t, func(o *Options) { o.ClientBodyTempPath = path })
			dies := newStub(t, func(q *stubRequest) bool { _, _ = q.copyBody(io.Discard); return false })
			works := newStub(t, tellLength)
			r.workers(dies.address, works.address)
			body := pattern(2_000_000)
			for range 2 { // one of them begins with the worker that dies
				r.client().do(fmt.Sprintf("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body)).
					want(t, 200, told("length", body))
			}
			if dies.requests.Load() == 0 {
				t.Error("the worker that dies had no request")
			}
			r.wantNothingHeld()
		})
	}
}

func TestNothingStaysOfAClientThatLeaves(t *testing.T) {
	for place, path := range places(t) {
		t.Run(place, func(t *testing.T) {
			r := newRig(t, func(o *Options) { o.ClientBodyTempPath = path })
			big := pattern(20 << 20)
			s := newStub(t, func(q *stubRequest) bool { return q.ok(big) })
			r.workers(s.address)
			uploads := r.client().send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n" + pattern(500_000))
			eventually(t, "an upload is held", func() bool { return r.proxy.heldFigures().Bytes > 0 })
			uploads.Close()
			r.wantNothingHeld()
			reads := r.client()
			_ = reads.SetReadBuffer(4096)
			reads.send(getRequest)
			eventually(t, "a response is held", func() bool { return r.proxy.heldFigures().Responses == 1 })
			reads.Close()
			r.wantNothingHeld()
			if path == "" {
				return
			}
			if left, err := os.ReadDir(path); err != nil || len(left) > 0 {
				t.Errorf("folder: got %v and error %v, want it empty", left, err)
			}
		})
	}
}

// TestAHeldUploadIsToldToGoOn: the front door takes the body itself, so that no worker is asked.
func TestAHeldUploadIsToldToGoOn(t *testing.T) {
	r := newRig(t, nil)
	r.workers(newStub(t, tellLength).address)
	body := pattern(300_000)
	c := r.client().send(fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", len(body)))
	c.read("POST").want(t, 100, "")
	c.send(body)
	c.read("POST").want(t, 200, told("length", body))
}
