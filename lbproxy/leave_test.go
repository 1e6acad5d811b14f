package lbproxy

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"percore/lbproxy/balance"
)

// lateMillis is well behind what still counts as right behind a request.
const lateMillis = finLagMillis + 50

// TestAFINRightBehindARequestIsKnownHoweverBusyTheLoopIs has the front door see each FIN long after it came, at
// random.
func TestAFINRightBehindARequestIsKnownHoweverBusyTheLoopIs(t *testing.T) {
	r := newRig(t, nil)
	r.workers(newStub(t, func(q *stubRequest) bool {
		_, _ = q.body()
		time.Sleep(2 * finishedMillis * time.Millisecond) // longer than a client that has left has
		return q.ok("answer")
	}).address)
	stop := make(chan struct{})
	var stalls, clients sync.WaitGroup
	stalls.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			case <-time.After(3 * time.Millisecond):
				r.onLoop(func(*loop) { time.Sleep(time.Duration(n*37%200) * time.Millisecond) })
			}
		}
	})
	for i := range 60 {
		clients.Go(func() {
			time.Sleep(time.Duration(i*20) * time.Millisecond)
			method := []string{"GET", "POST", "PUT", "BREW"}[i%4]
			c := r.client()
			start := time.Now()
			c.send(requestOf(method, "abc"))
			_ = c.CloseWrite()
			if lag := time.Since(start); lag > finLagMillis*time.Millisecond/2 {
				t.Logf("client %d was held up itself for %v", i, lag)
				return
			}
			c.read(method).want(t, 200, "answer")
		})
	}
	clients.Wait()
	close(stop)
	stalls.Wait()
}

// TestALateFINIsKnownWhenItIsSeenTogetherWithTheRequest has the loop too busy to see a request before the FIN that
// came late.
func TestALateFINIsKnownWhenItIsSeenTogetherWithTheRequest(t *testing.T) {
	r := newRig(t, nil)
	told := make(chan struct{})
	r.workers(newStub(t, func(q *stubRequest) bool {
		_, _ = q.body()
		if _, err := q.in.ReadByte(); err != nil {
			close(told)
		}
		return false
	}).address)
	c := r.client().send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")
	eventually(t, "the head is read", func() bool { return r.exchanges() == 1 })
	release := r.hold()
	c.send("hello")
	time.Sleep(lateMillis * time.Millisecond)
	_ = c.CloseWrite()
	time.Sleep(5 * time.Millisecond)
	release()
	select {
	case <-told:
	case <-time.After(chaosPatience):
		t.Error("the worker is not told that its client has left")
	}
	c.wantEnd()
}

// TestAClientThatHasLeftBeforeItsRequestIsReadDoesNotWait, as no event tells of it again.
func TestAClientThatHasLeftBeforeItsRequestIsReadDoesNotWait(t *testing.T) {
	r := newRig(t, nil)
	r.apply(false, balance.Endpoint{Address: refusing(t), Incarnation: 1, State: balance.Down, Coming: true})
	c := r.client()
	eventually(t, "it is connected", func() bool { return r.sockets(kindDownstream) == 1 })
	release := r.hold()
	c.send(post("abc"))
	c.Close()
	time.Sleep(10 * time.Millisecond)
	release()
	eventually(t, "none waits", func() bool { return r.exchanges() == 0 && r.sockets(kindDownstream) == 0 })
}

// TestAClientThatLeavesBehindBytesThatItsWorkerDoesNotTake has the FIN behind a part of the body that is not read.
func TestAClientThatLeavesBehindBytesThatItsWorkerDoesNotTake(t *testing.T) {
	r := newRig(t, streams)
	told := make(chan struct{})
	r.workers(newStub(t, func(q *stubRequest) bool {
		_ = q.c.SetReadBuffer(4096)
		for deadline := time.Now().Add(chaosPatience); !isGone(q.c) && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		if isGone(q.c) {
			close(told)
		}
		return false
	}).address)
	c := r.client().send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 40000000\r\n\r\n")
	for r.pending() == 0 {
		c.send(strings.Repeat("x", 32<<10))
	}
	_ = c.CloseWrite()
	select {
	case <-told: // without any time-out: the shortest is longer than this patience
	case <-time.After(chaosPatience):
		t.Fatal("the worker is not told that its client has left")
	}
}

// TestAClientThatLeavesBetweenTwoPiecesIsToldInTime has no other time-out tell the worker. On a quiet machine it is told
// within half a second.
func TestAClientThatLeavesBetweenTwoPiecesIsToldInTime(t *testing.T) {
	for _, method := range []string{"GET", "POST", "PATCH", "BREW"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, func(o *Options) { o.Services[0].ProxyReadTimeout, o.SendTimeout = time.Hour, time.Hour })
			told := make(chan struct{})
			r.workers(newStub(t, func(q *stubRequest) bool {
				_, _ = q.body()
				q.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")
				_, _ = q.in.ReadByte()
				close(told)
				return false
			}).address)
			c := r.client().send(requestOf(method, "abc"))
			readHead(c.in)
			c.wantBytes("first")
			time.Sleep(lateMillis * time.Millisecond)
			c.Close()
			select {
			case <-told:
			case <-time.After(patience):
				t.Error("the worker isn't told that its client has left")
			}
		})
	}
}

// TestAProbedClientGetsEachResponseWhole compares byte for byte what a client gets that was probed and one that was
// not.
func TestAProbedClientGetsEachResponseWhole(t *testing.T) {
	long := strings.Repeat("x", 200_000)
	for name, answer := range map[string]string{
		"a length":      "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 5\r\n\r\nhello",
		"chunks":        "HTTP/1.1 200 OK\r\nDate: now\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		"a long one":    "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 200000\r\n\r\n" + long,
		"no body":       "HTTP/1.1 204 No Content\r\nDate: now\r\n\r\n",
		"interim, then": "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, nil)
			probed := func() (yes bool) {
				r.onLoop(func(l *loop) { yes = len(l.exchanges.all) > 0 && l.exchanges.all[0].writer.probed })
				return yes
			}
			r.workers(newStub(t, func(q *stubRequest) bool {
				if strings.Contains(q.path(), "slow") {
					eventually(t, "the client is probed", probed)
				}
				return q.say("%s", answer)
			}).address)
			var got [2]string
			for i, path := range []string{"/", "/slow"} {
				c := r.client().send(fmt.Sprintf("GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path))
				_ = c.CloseWrite()
				a, _ := io.ReadAll(c.in)
				// Which connection ends is said where the FIN was seen before the response, which is chance.
				got[i] = strings.Replace(string(a), "Connection: close\r\n", "", 1)
			}
			if got[0] != got[1] || !strings.HasPrefix(got[0], "HTTP/1.1 ") {
				t.Errorf("probed: got %.200q, want what another one gets: %.200q", got[1], got[0])
			}
		})
	}
}
