package lbproxy

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"percore/lbproxy/accesslog"
	"percore/lbproxy/balance"
	"percore/lbproxy/timer"
)

// blockedClient is a client whose socket takes nothing: one end of a pair that is full, in the place of the accepted
// one.
type blockedClient struct {
	*rig
	slot int32
	fd   int // of the client's end
}

func (r *rig) blockedClient() *blockedClient {
	r.t.Helper()
	r.client()
	eventually(r.t, "it is accepted", func() bool { return r.sockets(kindDownstream) == 1 })
	b := &blockedClient{rig: r}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	for err == nil {
		_, err = unix.Write(pair[0], make([]byte, 512))
	}
	r.t.Cleanup(func() { unix.Close(pair[0]); unix.Close(pair[1]) })
	b.fd = pair[1]
	r.onLoop(func(l *loop) {
		for slot := range int32(l.conns.size()) {
			if c := l.conns.at(slot); c.kind == kindDownstream {
				b.slot = slot
				err = unix.Dup2(pair[0], int(c.fd))
			}
		}
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return b
}

// say sends as the client. Its socket is not watched, so the loop has to be told.
func (b *blockedClient) say(s string) {
	b.t.Helper()
	if _, err := unix.Write(b.fd, []byte(s)); err != nil {
		b.t.Fatal(err)
	}
	b.report(factReadable)
}

func (b *blockedClient) report(told facts) {
	b.onLoop(func(l *loop) {
		c := l.conns.at(b.slot)
		c.facts |= told
		l.enqueue(c)
	})
	b.fewTurns()
}

func (b *blockedClient) timer() (class timer.Class) {
	b.onLoop(func(l *loop) { class = l.timers.Class(b.slot) })
	return class
}

func (b *blockedClient) wantSendTimer() {
	b.t.Helper()
	if got := b.timer(); got != timerSend {
		b.t.Errorf("timer of a client that takes nothing: got class %d, want timerSend, %d", got, timerSend)
	}
}

func TestNothingBehindARefusalThatAClientDoesNotTakeIsARequest(t *testing.T) {
	for name, refused := range map[string]string{"a head": "BAD\x00 / HTTP/1.1\r\n\r\n", "framing": "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: x\r\n\r\n"} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(o *Options) { o.AccessLog = accesslog.JSON })
			s := newStub(t, constant("ok"))
			r.workers(s.address)
			b := r.blockedClient()
			b.say(refused)
			b.wantSendTimer()
			b.say("GET /evil HTTP/1.1\r\nHost: x\r\n\r\n")
			b.wantSendTimer()
			wantCount(t, "requests at the worker", s.requests.Load(), 0)
		})
	}
}

func TestAClientThatTakesNothingHasATimeWhateverElseItDoes(t *testing.T) {
	const expecting = "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
	t.Run("a 100, and then its body, which is held", func(t *testing.T) {
		r := newRig(t, nil)
		r.workers(newStub(t, constant("ok")).address)
		b := r.blockedClient()
		b.say(expecting + "Content-Length: 5\r\n\r\n")
		b.wantSendTimer()
		b.say("hello")
		b.wantSendTimer()
	})
	t.Run("a 100, and then its body, which is streamed", func(t *testing.T) {
		r := newRig(t, func(o *Options) { streams(o); o.ClientBodyBufferSize = 4096 })
		r.workers(newStub(t, mirror).address)
		b := r.blockedClient()
		b.say(expecting + "Transfer-Encoding: chunked\r\n\r\n")
		b.say("2000\r\n" + strings.Repeat("x", 8192) + "\r\n")
		b.wantSendTimer()
	})
	t.Run("an interim answer, and then a FIN", func(t *testing.T) {
		r := newRig(t, nil)
		gate := make(chan struct{})
		s := newStub(t, func(q *stubRequest) bool {
			q.say("HTTP/1.1 103 Early Hints\r\n\r\n")
			<-gate
			return q.ok("ok")
		})
		r.workers(s.address)
		b := r.blockedClient()
		b.say(getRequest)
		eventually(t, "the hints are here", func() bool { return b.timer() == timerSend })
		b.report(factEnded)
		b.wantSendTimer()
		close(gate)
		eventually(t, "the answer is here", func() (taken bool) {
			r.onLoop(func(l *loop) { taken = l.exchanges.all[0].response.state == responseTaken })
			return taken
		})
		b.wantSendTimer()
	})
}

func TestA100IsNotDueWhileNoWorkerHasTheRequest(t *testing.T) {
	r := newRig(t, func(o *Options) {
		streams(o)
		o.Services[0].Balance, o.Services[0].ProxyConnectTimeout = balance.RoundRobin, time.Minute
	})
	died := make(chan struct{}, 1)
	r.workers(deaf(t), newStub(t, func(*stubRequest) bool { died <- struct{}{}; return false }).address) // the turn starts behind the first
	r.client().send("PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
	<-died
	eventually(t, "another worker is tried, and no time goes on", func() (ok bool) {
		r.onLoop(func(l *loop) {
			x := l.exchanges.all[0]
			ok = x.wait.Tries == 2 && l.timers.Class(x.downstream) == timer.None
		})
		return ok
	})
}

func TestALongResponseThatBeginsInTimeGoesOnBehindALateFIN(t *testing.T) {
	const size = 20 << 20
	r := newRig(t, nil)
	asked, finished := make(chan struct{}), make(chan struct{})
	r.workers(script(t, func(c *net.TCPConn, in *bufio.Reader) {
		readHead(in)
		close(asked)
		<-finished
		r.fewTurns()
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 20971520\r\n\r\n"+strings.Repeat("x", size))
		_, _ = io.Copy(io.Discard, in)
	}))
	r.onLoop(func(l *loop) { l.timers.Resize(timerFinished, 5000) }) // which a machine under load would take literally
	c := r.client().send(getRequest)
	<-asked
	_ = c.CloseWrite()
	close(finished)
	if a := c.read("GET"); len(a.body) != size || a.err != nil {
		t.Errorf("answer: got %d bytes and error %v, want all %d", len(a.body), a.err, size)
	}
}
