package lbproxy

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"percore/lbproxy/accesslog"
	"percore/lbproxy/balance"
	"percore/lbproxy/http1"
	"percore/lbproxy/socket"
	"percore/lbproxy/timer"
)

// silent is a worker that reads requests and never answers.
func silent(q *stubRequest) bool {
	_, _ = q.body()
	_, _ = q.in.ReadByte()
	return false
}

func TestAWorkerThatDoesNotAnswerInTimeIsA504AndNothingIsRepeated(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		t.Run(method, func(t *testing.T) {
			r := newRig(t, func(o *Options) { o.Services[0].ProxyReadTimeout = 60 * time.Millisecond })
			a, b := newStub(t, silent), newStub(t, silent)
			r.workers(a.address, b.address)
			c := r.client()
			c.do(requestOf(method, "abc")).want(t, 504, "~did not answer in time")
			wantCount(t, "executions", a.requests.Load()+b.requests.Load(), 1)
			eventually(t, "the worker's connection is closed", func() bool { return r.sockets(kindUpstream) == 0 })
		})
	}
}

// elapse lets time pass.
func (r *rig) elapse(millis int) {
	r.t.Helper()
	for _, l := range r.proxy.loops {
		done := make(chan struct{})
		l.post(func(l *loop) {
			defer close(done)
			l.epoch = l.epoch.Add(-time.Duration(millis) * time.Millisecond)
			l.tick() // a jump between two turns would be a pause
		})
		<-done
	}
	r.exchanges() // a turn, in which timers run out
}

// sockets counts the first loop's connections of a kind.
func (r *rig) sockets(k kind) (n int) {
	r.onLoop(func(l *loop) {
		for slot := range int32(l.conns.size()) {
			if c := l.conns.at(slot); c.kind == k && c.fd >= 0 {
				n++
			}
		}
	})
	return n
}

func TestAResponseThatStallsIsCutOff(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Services[0].ProxyReadTimeout = 60 * time.Millisecond })
	r.workers(newStub(t, func(q *stubRequest) bool {
		q.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
		_, _ = q.in.ReadByte()
		return false
	}).address)
	if a := r.client().do(getRequest); a.err == nil || a.body != "hello" {
		t.Errorf("body: got %q and error %v, want its start and an error", a.body, a.err)
	}
}

func TestASlowResponseIsNotCutOffWhileItMoves(t *testing.T) {
	r := newRig(t, nil)
	next := make(chan struct{})
	r.workers(newStub(t, func(q *stubRequest) bool {
		q.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
		for i := range 10 {
			<-next
			q.say("%d", i)
		}
		return true
	}).address)
	c := r.client().send(getRequest)
	readHead(c.in)
	for i := range 10 {
		r.elapse(int(r.proxy.options.Load().Services[0].ProxyReadTimeout.Milliseconds()) * 6 / 10)
		next <- struct{}{}
		c.wantBytes(fmt.Sprint(i))
	}
}

// deaf returns the address of a listener whose queue is full: connecting to it never ends.
func deaf(t *testing.T) string {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	address := string(socket.AppendLocal(nil, int32(fd)))
	for range 3 {
		c, err := net.DialTimeout("tcp", address, 50*time.Millisecond)
		if err != nil {
			return address
		}
		t.Cleanup(func() { c.Close() })
	}
	t.Skip("this kernel completes connections beyond the backlog")
	return ""
}

func TestAConnectThatTakesTooLongMovesOnForAnyMethod(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		t.Run(method, func(t *testing.T) {
			r := newRig(t, func(o *Options) {
				o.Services[0].Balance = balance.RoundRobin
				o.Services[0].ProxyConnectTimeout = 60 * time.Millisecond
			})
			good := newStub(t, constant("good"))
			r.workers(good.address, deaf(t)) // the turn starts behind the first
			start := time.Now()
			r.client().do(requestOf(method, "abc")).want(t, 200, "good")
			if took := time.Since(start); took < 50*time.Millisecond {
				t.Errorf("answered after %v, want the time-out of the other worker first", took)
			}
		})
	}
}

func TestAConnectTimeoutWithoutAnotherTryIsA504(t *testing.T) {
	r := newRig(t, func(o *Options) {
		o.Services[0].NextUpstream = false
		o.Services[0].ProxyConnectTimeout = 30 * time.Millisecond
	})
	r.workers(deaf(t))
	r.client().do(getRequest).want(t, 504, "~did not take the connection in time")
}

func TestConnectsThatTakeTooLongHaveATimeInAll(t *testing.T) {
	const queue, connect = 250 * time.Millisecond, 200 * time.Millisecond
	r := newRig(t, func(o *Options) {
		o.Services[0].QueueTimeout, o.Services[0].ProxyConnectTimeout = queue, connect
		o.AccessLog = accesslog.JSON
	})
	r.workers(deaf(t), deaf(t), deaf(t), deaf(t))
	r.client().do(getRequest).want(t, 504, "~did not take the connection in time")
	var line jsonLine
	if err := json.Unmarshal([]byte(r.accessLines(1)[0]), &line); err != nil {
		t.Fatal(err)
	}
	if line.Retries == nil || *line.Retries > 1 { // without a time in all there would be 16
		t.Errorf("got %s, want two connects at %v each at most, as the queue's time is over then", r.accessLines(1)[0], connect)
	}
}

func TestAHeadThatDoesNotArriveInTime(t *testing.T) {
	r := newRig(t, func(o *Options) { o.ClientHeaderTimeout = time.Hour })
	const most = 60 * 60_000
	t.Run("is a 408 when some of it came, however it drips", func(t *testing.T) {
		c, begin := r.client(), "GET / HTTP/1.1\r\nHost: "
		sent := 0
		for _, part := range []string{begin, "x", "x", "x"} { // the time runs from the first byte
			c.send(part)
			sent += len(part)
			eventually(t, "it is read", func() (read bool) {
				r.onLoop(func(l *loop) { read = l.exchanges.active == 1 && l.exchanges.all[0].upload.seen == sent })
				return read
			})
			r.elapse(most * 3 / 10)
		}
		c.read("GET").want(t, 408, "~head did not arrive")
		c.wantEnd()
	})
	t.Run("is a silent end when nothing came", func(t *testing.T) {
		c := r.client()
		eventually(t, "it is there", func() bool { return r.sockets(kindDownstream) == 1 })
		r.elapse(most)
		c.wantEnd()
	})
}

func TestABodyThatStopsArriving(t *testing.T) {
	for name, buffer := range map[string]int{"while it is held is a 408": 1000, "while it is streamed is a 408": 0} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(o *Options) {
				streams(o)
				o.ClientBodyTimeout = 60 * time.Millisecond
				o.ClientBodyBufferSize = buffer
			})
			s := newStub(t, silent)
			r.workers(s.address)
			c := r.client().send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhello")
			c.read("POST").want(t, 408, "~body stopped arriving")
			c.wantEnd()
			eventually(t, "the worker's connection is closed", func() bool { return r.sockets(kindUpstream) == 0 })
		})
	}
}

func TestAClientThatStopsReadingIsCutOff(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *Options) { o.SendTimeout = 80 * time.Millisecond })
	s := newStub(t, func(q *stubRequest) bool { return q.ok(strings.Repeat("x", 20<<20)) })
	r.workers(s.address)
	r.client().send(getRequest)
	eventually(t, "the exchange begins", func() bool { return r.sockets(kindUpstream) == 1 })
	eventually(t, "both connections are closed", func() bool { return r.sockets(kindUpstream) == 0 && r.sockets(kindDownstream) == 0 })
}

func TestAnIdleClientConnectionIsClosedWithAFin(t *testing.T) {
	r := newRig(t, func(o *Options) { o.KeepaliveTimeout = 60 * time.Millisecond })
	r.workers(newStub(t, constant("ok")).address)
	c := r.client()
	c.wantOpen("ok")
	c.wantEnd()
}

func TestAKeptWorkerConnectionIsClosedAfterItsTime(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Services[0].ProxyKeepaliveTimeout = 50 * time.Millisecond })
	s := newStub(t, constant("ok"))
	r.workers(s.address)
	c := r.client()
	c.wantOpen("ok")
	eventually(t, "the worker sees the end", func() bool { return s.closed.Load() == 1 })
	c.wantOpen("ok")
	wantCount(t, "connections to the worker", s.conns.Load(), 2)
}

func TestATunnelWithoutAByteIsClosedAfterItsTime(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Services[0].TunnelTimeout = 60 * time.Millisecond })
	r.workers(newStub(t, switches("")).address)
	c := r.client().send(upgradeRequest)
	if a := c.read("GET"); a.StatusCode != 101 {
		t.Fatalf("status: got %d, want 101", a.StatusCode)
	}
	if _, err := io.ReadAll(c.in); err != nil {
		t.Errorf("end of the tunnel: got %v, want a FIN", err)
	}
}

func TestABodyThatDripsIsRefused(t *testing.T) {
	const head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"
	const span = 30_000
	for name, buffer := range map[string]int{"while it is held": 1 << 20, "while it is streamed": 0} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(o *Options) { streams(o); o.ClientBodyBufferSize = buffer })
			r.workers(newStub(t, silent).address)
			c := r.client().send(head)
			eventually(t, "it begins", func() bool { return r.exchanges() == 1 })
			for range 3 { // fast enough: 300 bytes a second
				r.elapse(span - 6000)
				c.send(strings.Repeat("x", 300*span/1000))
				r.awaitBodyBytes(t)
				r.elapse(5000)
			}
			for range 2 { // each byte comes in time, but only bytes come
				r.elapse(span - 6000)
				c.send("x")
				r.awaitBodyBytes(t)
			}
			c.read("POST").want(t, 408, "~arrives too slowly")
			c.wantEnd()
		})
	}
}

func TestABodyMayDripWhereThereIsNoLeastRate(t *testing.T) {
	r := newRig(t, func(o *Options) { o.ClientBodyMinRate = 0 })
	r.workers(newStub(t, mirror).address)
	c := r.client().send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n")
	eventually(t, "it begins", func() bool { return r.exchanges() == 1 })
	for _, b := range []string{"d", "r", "i", "p"} {
		r.elapse(24_000)
		c.send(b)
		if b != "p" {
			r.awaitBodyBytes(t)
		}
	}
	c.read("POST").want(t, 200, "~drip")
}

// awaitBodyBytes waits until the first loop has read all that was sent of a body.
func (r *rig) awaitBodyBytes(t *testing.T) {
	t.Helper()
	var before int64 = -1
	eventually(t, "the body's bytes are read", func() bool {
		time.Sleep(5 * time.Millisecond)
		var total int64
		r.onLoop(func(l *loop) { total = l.exchanges.all[0].upload.body.Total })
		same := total == before
		before = total
		return same
	})
}

func TestAPauseOfOurOwnIsNotTheClientsFault(t *testing.T) {
	l := &loop{options: &Options{ClientBodyTimeout: 30 * time.Second, ClientBodyMinRate: 240}, timers: timer.New(1, 1, 1), loopClock: loopClock{now: 1}}
	c := l.takeConn(-1, kindDownstream)
	x := &exchange{loop: l, downstream: c.slot}
	e := x.clientEnd()
	x.upload.body.Begin(http1.FramingLength, 1<<20)
	e.awaitBody()
	x.upload.body.Skip(10)
	if l.now += 29_999; e.isTooSlow() {
		t.Error("inside the span: got too slow, want no verdict")
	}
	e.awaitBody() // the worker has taken what was held back
	if l.now += 29_999; e.isTooSlow() {
		t.Error("after a pause: got too slow, want a span of its own")
	}
	if l.now++; !e.isTooSlow() {
		t.Error("behind the span: got fast enough, want too slow")
	}
	x.upload.body.Begin(http1.FramingNone, 0)
	if l.now += 60_000; e.isTooSlow() {
		t.Error("a body that is here: got too slow")
	}
}

func TestAWorkerThatTakesNothingOfARequestIsA504(t *testing.T) {
	r := newRig(t, streams)
	r.workers(newStub(t, func(q *stubRequest) bool { select {} }).address)
	c := r.client().send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 40000000\r\n\r\n")
	go func() { _, _ = io.WriteString(c.TCPConn, strings.Repeat("x", 40_000_000)) }()
	eventually(t, "the upload stops", func() bool { return r.pending() > 0 })
	eventually(t, "it is over", func() bool { // it may move on once more
		r.elapse(workerSendMillis)
		return r.exchanges() == 0
	})
	c.read("POST").want(t, 504, "~stopped taking the request")
}

func TestLingeringEnds(t *testing.T) {
	refused := func(t *testing.T, r *rig) *caller {
		c := r.client().send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
		c.read("POST").want(t, 413, "~too large")
		return c
	}
	gone := func(r *rig) func() bool { return func() bool { return r.sockets(kindDownstream) == 0 } }
	small := func(o *Options) { o.Services[0].ClientMaxBodySize = 10 }
	t.Run("after a pause", func(t *testing.T) {
		r := newRig(t, small)
		refused(t, r)
		r.elapse(lingerMillis)
		eventually(t, "the connection is closed", gone(r))
	})
	t.Run("in the end, however much comes", func(t *testing.T) {
		r := newRig(t, small)
		c := refused(t, r)
		for range lingerMillisMax/(lingerMillis/2) - 1 {
			r.elapse(lingerMillis / 2)
			if n := r.sockets(kindDownstream); n != 1 {
				t.Fatalf("connections: got %d, want it to go on while bytes come", n)
			}
			c.send("x")
			eventually(t, "the byte is read", func() (read bool) {
				r.onLoop(func(l *loop) { read = l.timers.Class(r.lingering(l)) == timerLinger })
				return read
			})
			time.Sleep(5 * time.Millisecond)
		}
		r.elapse(lingerMillis / 2)
		c.send("x")
		eventually(t, "the connection is closed", gone(r))
	})
}

// lingering is the slot of the first client's connection.
func (r *rig) lingering(l *loop) int32 {
	for slot := range int32(l.conns.size()) {
		if l.conns.at(slot).kind == kindDownstream {
			return slot
		}
	}
	return 0
}

func TestTheOpenHalfOfATunnelHasLittleTime(t *testing.T) {
	r := newRig(t, nil)
	s := newStub(t, func(q *stubRequest) bool {
		q.say("%s", switching)
		_, _ = io.ReadAll(q.in)
		q.say("late")
		select {}
	})
	r.workers(s.address)
	c := r.tunnel("")
	r.elapse(halfClosedMillis) // both halves are open: nothing happens
	c.send("x")
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	c.wantBytes("late")
	r.elapse(halfClosedMillis)
	c.wantEnd()
	eventually(t, "both connections are closed", func() bool { return r.sockets(kindUpstream)+r.sockets(kindDownstream) == 0 })
}

// endless is a response that outgrows every buffer on its way to a client that does not read.
func endless(c *net.TCPConn) {
	_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
	piece := make([]byte, 64<<10)
	for {
		if _, err := c.Write(piece); err != nil {
			return
		}
	}
}

// TestAClientThatReadsNothingIsCutOffWhateverItSends has answers that begin before the request has been sent. What
// goes on in the other direction must not end, or put off, the time in which the client has to take some of its
// answer.
func TestAClientThatReadsNothingIsCutOffWhateverItSends(t *testing.T) {
	t.Run("a held body that the worker reads late", func(t *testing.T) {
		const size = 8 << 20
		read := make(chan struct{})
		r := newRig(t, func(o *Options) { o.ClientBodyBufferSize, o.SendTimeout = 2*size, time.Second })
		r.workers(script(t, func(c *net.TCPConn, in *bufio.Reader) {
			_ = c.SetReadBuffer(4096)
			readHead(in)
			go endless(c)
			<-read
			_ = c.SetReadBuffer(4 << 20)
			_, _ = io.Copy(io.Discard, in)
		}))
		c := r.client().send(fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", size, strings.Repeat("x", size)))
		for r.pendingToClients() == 0 {
			time.Sleep(time.Millisecond)
		}
		close(read)
		r.wantCutOff(c)
	})
	t.Run("a streamed body that goes on", func(t *testing.T) {
		r := newRig(t, func(o *Options) { streams(o); o.SendTimeout = time.Second })
		r.workers(script(t, func(c *net.TCPConn, in *bufio.Reader) {
			readHead(in)
			go endless(c)
			_, _ = io.Copy(io.Discard, in)
		}))
		c := r.client().send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n")
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			for {
				select {
				case <-stop:
					return
				case <-time.After(20 * time.Millisecond):
					_, _ = io.WriteString(c.TCPConn, strings.Repeat("x", 1000))
				}
			}
		}()
		r.wantCutOff(c)
		close(stop)
		<-stopped
	})
}

// pendingToClients is how many bytes wait for clients that do not read.
func (r *rig) pendingToClients() (n int) {
	r.onLoop(func(l *loop) {
		for _, x := range l.exchanges.all {
			n += x.writer.pending()
		}
	})
	return n
}

// wantCutOff checks that the front door gives the only client up: by its send timeout, as the others are longer.
func (r *rig) wantCutOff(c *caller) {
	r.t.Helper()
	eventually(r.t, "a client that reads nothing is cut off", func() bool { return r.exchanges() == 0 })
	_ = c.Close()
}

// TestAResponseOutlivesTheUploadThatItsWorkerRefused has a worker that shuts down its receiving side, so that the rest
// of the upload can go nowhere, and answers slowly. The client is not read any more, so it cannot be late with its
// body.
func TestAResponseOutlivesTheUploadThatItsWorkerRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "worker")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	const words = 10
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		readHead(bufio.NewReader(c))
		_ = c.(*net.UnixConn).CloseRead()
		_, _ = io.WriteString(c, "HTTP/1.1 413 Content Too Large\r\nTransfer-Encoding: chunked\r\n\r\n")
		for range words {
			time.Sleep(100 * time.Millisecond)
			_, _ = io.WriteString(c, "4\r\nword\r\n")
		}
		_, _ = io.WriteString(c, "0\r\n\r\n")
	}()
	r := newRig(t, func(o *Options) { streams(o); o.ClientBodyTimeout = 400 * time.Millisecond })
	r.workers(socket.UnixPrefix + path)
	c := r.client().send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("x", 5000))
	c.read("POST").want(t, 413, strings.Repeat("word", words))
}
