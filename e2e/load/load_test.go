package load_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"percore/e2e/load"
)

func wantRight(body []byte) error {
	if string(body) != "right" {
		return fmt.Errorf("want %q", "right")
	}
	return nil
}

func TestEachWayToFailIsCountedApart(t *testing.T) {
	for _, test := range []struct {
		name     string
		talk     func(*net.TCPConn, *bufio.Reader)
		want     load.Kind
		wantSent bool
	}{
		{"the right answer is ok", always(rightAnswer), load.OK, true},
		{"an answer in chunks is ok", always("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nright\r\n0\r\n\r\n"), load.OK, true},
		{"an answer that ends with the connection is ok", once("HTTP/1.1 200 OK\r\n\r\nright", false), load.OK, true},
		{"an interim answer before it is passed over", always("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + rightAnswer), load.OK, true},
		{"another status is a wrong status", always("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"), load.WrongStatus, true},
		{"another body is a wrong body", always("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong"), load.WrongBody, true},
		{"no HTTP is malformed", always("SSH-2.0-dropbear\r\n\r\n"), load.Malformed, true},
		{"two answers to one request are surplus", once(rightAnswer+rightAnswer, false), load.Surplus, true},
		{"a reset instead of an answer is a reset", once("", true), load.Reset, true},
		{"a close instead of an answer is no answer", once("", false), load.NoAnswer, true},
		{"a close in the head is truncated", once("HTTP/1.1 200 OK\r\nContent-Le", false), load.Truncated, true},
		{"a close in a counted body is truncated", once("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nri", false), load.Truncated, true},
		{"a close in a chunked body is truncated", once("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nright\r\n", false), load.Truncated, true},
		{"silence is a timeout", silent, load.TimedOut, true},
		{"silence in a body is a timeout", func(conn *net.TCPConn, in *bufio.Reader) {
			once("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nri", false)(conn, in)
			_, _ = in.Peek(1)
		}, load.TimedOut, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				timeout := time.Minute
				if test.want == load.TimedOut {
					timeout = 200 * time.Millisecond
				}
				got := load.Once(load.Options{Address: serve(t, test.talk), Method: method, KeepAlive: true, Timeout: timeout, Check: wantRight})
				if got.Count(test.want) != 1 {
					t.Errorf("%s: got %v, want 1 %v", method, got, test.want)
				}
				wantFailures := 1
				if test.want == load.OK {
					wantFailures = 0
				}
				if len(got.Failures) != wantFailures || got.Failed() != wantFailures || got.Lost() != wantFailures {
					t.Errorf("%s: got %d failures kept, %d failed, %d lost, want %d of each", method, len(got.Failures), got.Failed(), got.Lost(), wantFailures)
				}
				for _, f := range got.Failures {
					if f.Sent != test.wantSent {
						t.Errorf("%s: got sent %t, want %t", method, f.Sent, test.wantSent)
					}
				}
			}
		})
	}
}

func TestARefusedConnectionIsNoLoss(t *testing.T) {
	got := load.Once(load.Options{Address: closedPort(t)})
	if got.Count(load.Refused) != 1 || got.Failed() != 1 || got.Lost() != 0 || got.Failures[0].Sent {
		t.Errorf("got %v, want 1 refused, nothing sent, nothing lost", got)
	}
}

func TestAnAnswerThatComesBeforeTheRequestIsReadIsTaken(t *testing.T) {
	address := serve(t, func(conn *net.TCPConn, in *bufio.Reader) {
		_, _ = conn.Write([]byte("HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"))
		_ = conn.CloseWrite()
		_, _ = io.Copy(io.Discard, in)
	})
	got := load.Once(load.Options{Address: address, Method: http.MethodPost, Body: make([]byte, 1<<20), Status: http.StatusRequestEntityTooLarge})
	if got.OK() != 1 {
		t.Errorf("got %v, want 1 right answer", got)
	}
}

func TestTheRequestIsTheOneThatWasAskedFor(t *testing.T) {
	for _, test := range []struct {
		name    string
		options load.Options
		want    string
	}{
		{"a GET closes the connection", load.Options{}, "GET / HTTP/1.1\r\nHost: ADDRESS\r\nConnection: close\r\n\r\n"},
		{"a kept connection is the default of HTTP/1.1", load.Options{KeepAlive: true, Path: "/a?b"}, "GET /a?b HTTP/1.1\r\nHost: ADDRESS\r\n\r\n"},
		{
			"a POST has its length",
			load.Options{KeepAlive: true, Method: http.MethodPost, Body: []byte("abc")},
			"POST / HTTP/1.1\r\nHost: ADDRESS\r\nContent-Length: 3\r\n\r\nabc",
		},
		{"an empty POST has one too", load.Options{KeepAlive: true, Method: http.MethodPost}, "POST / HTTP/1.1\r\nHost: ADDRESS\r\nContent-Length: 0\r\n\r\n"},
		{
			"a Host of one's own is the only one",
			load.Options{KeepAlive: true, Header: []string{"host: a.example", "X-A: b"}},
			"GET / HTTP/1.1\r\nhost: a.example\r\nX-A: b\r\n\r\n",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			seen := make(chan string, 1)
			test.options.Address = serve(t, func(conn *net.TCPConn, _ *bufio.Reader) {
				b := make([]byte, 4096)
				n, _ := conn.Read(b)
				seen <- string(b[:n])
				_, _ = conn.Write([]byte(rightAnswer))
			})
			load.Once(test.options)
			if got, want := <-seen, strings.ReplaceAll(test.want, "ADDRESS", test.options.Address); got != want {
				t.Errorf("got  %q\nwant %q", got, want)
			}
		})
	}
}

func TestAKeptConnectionIsUsedAgain(t *testing.T) {
	run := load.Start(load.Options{Address: serve(t, always(rightAnswer)), Clients: 3, KeepAlive: true, Check: wantRight})
	await(t, "100 answers", func() bool { return run.Result().OK() >= 100 })
	if got := run.Stop(); got.Connections != 3 || got.Failed() != 0 {
		t.Errorf("got %v, want 3 connections and no failure", got)
	}
}

func TestWithoutKeepAliveEachRequestHasItsConnection(t *testing.T) {
	run := load.Start(load.Options{Address: serve(t, always(rightAnswer)), Clients: 2, Check: wantRight})
	await(t, "20 answers", func() bool { return run.Result().OK() >= 20 })
	if got := run.Stop(); got.Connections != got.OK() || got.Failed() != 0 {
		t.Errorf("got %v, want as many connections as answers and no failure", got)
	}
}

func TestAConnectionThatEndsBetweenTwoRequestsIsNoFailure(t *testing.T) {
	for _, test := range []struct {
		name       string
		reset      bool
		wantClosed bool
	}{
		{"closed properly it is counted as closed", false, true},
		{"reset it is counted as reset", true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			run := load.Start(load.Options{Address: serve(t, once(rightAnswer, test.reset)), KeepAlive: true, Pause: 20 * time.Millisecond, Check: wantRight})
			await(t, "5 answers", func() bool { return run.Result().OK() >= 5 })
			got := run.Stop()
			if (got.IdleClosed > 0) != test.wantClosed || (got.IdleReset > 0) == test.wantClosed {
				t.Errorf("got %d closed and %d reset, want only closed ones: %t", got.IdleClosed, got.IdleReset, test.wantClosed)
			}
		})
	}
}

func TestNothingIsEverSentTwice(t *testing.T) {
	var requests atomic.Int64
	address := serve(t, func(conn *net.TCPConn, in *bufio.Reader) {
		for i := 0; takeRequest(in); i++ {
			requests.Add(1)
			if i == 1 {
				return // dies on the second request of each connection, after it was read
			}
			_, _ = conn.Write([]byte(rightAnswer))
		}
	})
	run := load.Start(load.Options{Address: address, KeepAlive: true, Check: wantRight})
	await(t, "10 losses", func() bool { return run.Result().Lost() >= 10 })
	got := run.Stop()
	if total := int64(got.OK() + got.Failed()); total != requests.Load() {
		t.Errorf("got %d requests at the server, want the %d of the result: %v", requests.Load(), total, got)
	}
	if got.Count(load.NoAnswer) != got.Failed() || !got.Failures[0].Reused {
		t.Errorf("got %v, want only closes before the answer, on kept connections", got)
	}
}

func TestStopWaitsForTheRequestInFlight(t *testing.T) {
	asked, answer := make(chan bool, 1), make(chan bool)
	run := load.Start(load.Options{Address: serve(t, func(conn *net.TCPConn, in *bufio.Reader) {
		takeRequest(in)
		asked <- true
		<-answer
		_, _ = conn.Write([]byte(rightAnswer))
	}), Check: wantRight})
	<-asked
	time.AfterFunc(50*time.Millisecond, func() { close(answer) })
	if got := run.Stop(); got.OK() != 1 || got.Failed() != 0 {
		t.Errorf("got %v, want 1 right answer and no failure", got)
	}
	if again := run.Stop(); again.OK() != 1 {
		t.Errorf("second Stop: got %v, want the same", again)
	}
}

func TestForStopsByItself(t *testing.T) {
	got := load.For(load.Options{Address: serve(t, always(rightAnswer)), KeepAlive: true, Check: wantRight}, 50*time.Millisecond)
	if got.OK() == 0 || got.Failed() != 0 || got.Took < 50*time.Millisecond {
		t.Errorf("got %v, want right answers for 50 ms", got)
	}
}
