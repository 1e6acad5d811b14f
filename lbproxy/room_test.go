package lbproxy

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"percore/lbproxy/accesslog"
	"percore/lbproxy/buffer"
	"percore/lbproxy/timer"
)

func TestTheSharesOfMemoryAndDescriptors(t *testing.T) {
	tests := []struct {
		name        string
		memory      int64
		loops       int
		descriptors uint64
		clients     int
		buffers     int64
	}{
		{"64 MB, many descriptors", 64 << 20, 1, 1 << 20, 2048, 8 << 20},
		{"64 MB, two loops", 64 << 20, 2, 1 << 20, 1024, 4 << 20},
		{"few descriptors", 1 << 30, 1, 256, 112, 128 << 20},
		{"no limit of memory", 0, 1, 20_032, 10_000, 0},
		{"no limit of descriptors", 0, 1, 1<<64 - 1, (1<<30 - 32) / 2, 0},
		{"next to no descriptors", 0, 1, 40, 16, 0},
	}
	for _, test := range tests {
		o := &Options{MemoryMax: test.memory, Loops: test.loops}
		if clients, bytes := clientsMax(o, test.descriptors), buffersMax(o); clients != test.clients || bytes != test.buffers {
			t.Errorf("%s: got %d clients and %d bytes a loop, want %d and %d", test.name, clients, bytes, test.clients, test.buffers)
		}
	}
}

// usage is what the first loop has handed out of buffers.
func (r *rig) usage() (bytes int64) {
	r.onLoop(func(l *loop) { bytes = l.buffers.Used() })
	return bytes
}

func TestEveryBufferComesBack(t *testing.T) {
	r := newRig(t, func(o *Options) {
		o.ClientBodyBufferSize, o.Services[0].ClientMaxBodySize, o.AccessLog = 1000, 100_000, accesslog.JSON
	})
	s := newStub(t, func(q *stubRequest) bool {
		switch b, err := q.body(); {
		case err != nil || q.path() == "/die":
			return false
		case q.path() == "/chunks":
			return q.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")
		default:
			return q.ok(b)
		}
	})
	r.workers(s.address, s.address)
	for _, size := range []int{0, 10, 2000, 90_000} {
		c := r.client()
		c.do(post(strings.Repeat("x", size))).want(t, 200, strings.Repeat("x", size))
		c.do(fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", size+1, strings.Repeat("x", size+1))).
			want(t, 200, strings.Repeat("x", size+1))
		c.send(getRequest + getRequest + getRequest)
		for range 3 {
			c.read("GET").want(t, 200, "")
		}
		c.do("GET /chunks HTTP/1.1\r\nHost: x\r\n\r\n").want(t, 200, "ok")
	}
	r.client().do("GET /die HTTP/1.1\r\nHost: x\r\n\r\n")
	r.client().do(post(strings.Repeat("x", 100_001))).want(t, 413, "~too large")
	r.client().do("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n").want(t, 400, "~chunk")
	r.client().send("GET / HTTP/1.1\r\nHost").Close()
	r.client().send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhello").Close()
	eventually(t, "all of them are back", func() bool { return r.usage() == 0 })
}

// cramped is a front door in a container of 64 MB; its budget for buffers is 8.
func cramped(o *Options) { o.MemoryMax = 64 << 20 }

func TestClientsThatReadSlowlyStayWithinTheBudget(t *testing.T) {
	r := newRig(t, cramped)
	answer := strings.Repeat("x", 1<<20)
	gate := make(chan struct{})
	s := newStub(t, func(q *stubRequest) bool { <-gate; return q.ok(answer) })
	r.workers(s.address)
	const clients = 60
	all := make([]*caller, clients)
	for i := range all {
		all[i] = r.client()
		_ = all[i].SetReadBuffer(64 << 10)
		all[i].send(getRequest)
	}
	eventually(t, "the worker has them all", func() bool { return s.requests.Load() == clients })
	r.shrinkSendBuffers()
	close(gate)
	eventually(t, "the budget is half used", func() bool { return r.usage() > 4<<20 })
	for range 50 {
		time.Sleep(4 * time.Millisecond)
		if bytes := r.usage(); bytes > 9<<20 {
			t.Fatalf("buffers: got %d bytes, want about the budget of 8 MB at most", bytes)
		}
	}
	for _, c := range all {
		_ = c.SetReadBuffer(1 << 20)
		if a := c.read("GET"); a.body != answer {
			t.Fatalf("answer: got %d bytes and error %v, want all", len(a.body), a.err)
		}
	}
	eventually(t, "every buffer is back", func() bool { return r.usage() == 0 })
}

func TestPartsOfHeadsStayWithinTheBudget(t *testing.T) {
	r := newRig(t, cramped)
	r.workers(newStub(t, constant("ok")).address)
	part := "GET / HTTP/1.1\r\nHost: x\r\nA: " + strings.Repeat("x", 15<<10)
	var all []*caller
	for i := range 600 { // of 20 KiB each
		if i == 300 {
			eventually(t, "those before are read", func() bool { return r.exchanges() == i })
			r.elapse(unservedMillis)
		}
		all = append(all, r.client().send(part))
	}
	eventually(t, "all are read", func() bool { return r.exchangesOrNone() })
	if bytes := r.usage(); bytes > 9<<20 || bytes < 7<<20 {
		t.Errorf("buffers: got %d bytes, want the budget of 8 MB used and kept", bytes)
	}
	all[len(all)-1].send("\r\n\r\n").read("GET").want(t, 200, "ok")
	all[0].wantEnd() // it owed the rest longest
	for _, c := range all {
		c.Close()
	}
	eventually(t, "every buffer is back", func() bool { return r.usage() == 0 })
	r.client().wantOpen("ok")
}

func TestPartsOfPROXYHeadersStayWithinTheBudget(t *testing.T) {
	r := newRig(t, func(o *Options) { cramped(o); o.ProxyProtocol = true })
	r.workers(newStub(t, constant("ok")).address)
	part := proxyLocal[:14] + "\x3f\x00" + strings.Repeat("x", 15<<10)
	for range 600 { // of 20 KiB each
		r.client().send(part)
	}
	eventually(t, "some are refused", func() bool { n := r.exchanges(); return n > 300 && r.sockets(kindDownstream) == n })
	if bytes := r.usage(); bytes > 9<<20 {
		t.Errorf("buffers: got %d bytes, want the budget of 8 MB at most", bytes)
	}
}

// exchangesOrNone reports whether every client's connection has been read.
func (r *rig) exchangesOrNone() bool {
	unread := 0
	r.onLoop(func(l *loop) {
		for slot := range int32(l.conns.size()) {
			if c := l.conns.at(slot); c.kind == kindDownstream && c.state == stateIdle {
				unread++
			}
		}
	})
	return unread == 0
}

func TestTheConnectionThatIsIdleLongestMakesRoom(t *testing.T) {
	r := newRig(t, nil)
	r.workers(newStub(t, constant("ok")).address)
	r.onLoop(func(l *loop) { l.room.clientsMax = 3 })
	var all []*caller
	for range 3 {
		c := r.client()
		c.wantOpen("ok")
		all = append(all, c)
	}
	all[0].wantOpen("ok") // now the second is idle longest
	r.client().wantOpen("ok")
	all[1].wantEnd()
	all[0].wantOpen("ok")
	all[2].wantOpen("ok")
	wantCount(t, "connections", int64(r.sockets(kindDownstream)), 3)
}

// TestAConnectionWhoseRequestIsHereDoesNotMakeRoom has connections that would have to go, and the request of the first
// of them come before the loop looks at it.
func TestAConnectionWhoseRequestIsHereDoesNotMakeRoom(t *testing.T) {
	for _, test := range []struct {
		name    string
		prepare func(*caller)
		elapse  int // milliseconds
	}{
		{"idle for long", func(c *caller) { c.wantOpen("ok") }, 0},
		{"owing its first request for long", func(*caller) {}, unservedMillis},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, nil)
			r.workers(newStub(t, constant("ok")).address)
			r.onLoop(func(l *loop) { l.room.clientsMax = 3 })
			var all []*caller
			for range 3 {
				c := r.client()
				test.prepare(c)
				all = append(all, c)
			}
			eventually(t, "they are in", func() bool { return r.sockets(kindDownstream) == 3 })
			r.elapse(test.elapse)
			release := r.hold()
			late := r.client().send(getRequest) // comes first
			time.Sleep(5 * time.Millisecond)
			all[0].send(getRequest)
			time.Sleep(5 * time.Millisecond)
			release()
			all[0].read("GET").want(t, 200, "ok")
			late.read("GET").want(t, 200, "ok")
			all[1].wantEnd()
		})
	}
}

func TestPartsOfResponsesHeadsStayWithinTheBudget(t *testing.T) {
	const clients = 900
	r := newRig(t, func(o *Options) { o.MemoryMax = 32 << 20 })
	var asked, begun sync.WaitGroup
	gate := make(chan struct{})
	asked.Add(clients)
	begun.Add(clients)
	s := newStub(t, func(q *stubRequest) bool {
		asked.Done()
		asked.Wait()
		q.say("HTTP/1.1 200 OK\r\nA: %s\r\n", strings.Repeat("x", 3000))
		begun.Done()
		begun.Wait()
		q.say("B: %s\r\n", strings.Repeat("x", 3000))
		<-gate
		return q.say("Content-Length: 2\r\n\r\nok")
	})
	r.workers(s.address)
	var all []*caller
	for range clients {
		all = append(all, r.client().send(getRequest))
	}
	eventually(t, "both parts of each are read, or it was refused", func() bool {
		waits := false
		r.onLoop(func(l *loop) {
			for _, x := range l.exchanges.all {
				waits = waits || x.backend != nil && len(x.response.head) < 6000
			}
		})
		return s.requests.Load() == clients && !waits
	})
	if bytes := r.usage(); bytes > 3*(4<<20) {
		t.Errorf("buffers: got %d bytes, want three times the budget of 4 MB at most", bytes)
	}
	close(gate)
	answers := map[int]int{}
	for _, c := range all {
		answers[c.read("GET").StatusCode]++
	}
	if answers[200]+answers[503] != clients || answers[200] == 0 {
		t.Errorf("answers: got %v, want 200 and 503", answers)
	}
}

func TestClientsThatSayNoRequestMakeRoom(t *testing.T) {
	for _, test := range []struct {
		name, said string
		protocol   bool
	}{{"nothing", "", false}, {"a part of a head", "GET / HT", false}, {"a part of a PROXY header", "PROXY ", true}} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, func(o *Options) { o.ProxyProtocol, o.ClientHeaderTimeout = test.protocol, time.Minute })
			r.workers(newStub(t, constant("ok")).address)
			r.onLoop(func(l *loop) { l.room.clientsMax = 3 })
			var slow []*caller
			for range 3 {
				slow = append(slow, r.client().send(test.said))
			}
			eventually(t, "they have all places", func() bool { return r.sockets(kindDownstream) == 3 })
			late := r.client()
			if test.protocol {
				late.send("PROXY UNKNOWN\r\n")
			}
			late.wantOpen("ok") // after unservedMillis, which every client has for a request
			slow[0].wantEnd()
			eventually(t, "there is a line about it", func() bool { return strings.Contains(r.log.String(), "clients closed") })
		})
	}
}

func TestClientsWaitWhileNoneIsIdle(t *testing.T) {
	r := newRig(t, nil)
	gate := make(chan struct{})
	s := newStub(t, func(q *stubRequest) bool { <-gate; return q.ok("ok") })
	r.workers(s.address)
	r.onLoop(func(l *loop) { l.room.clientsMax = 2 })
	busy := []*caller{r.client().send(getRequest), r.client().send(getRequest)}
	eventually(t, "both are served", func() bool { return s.requests.Load() == 2 })
	waits := r.client().send(getRequest)
	eventually(t, "accept pauses", func() (paused bool) {
		r.onLoop(func(l *loop) { paused = l.timers.Class(l.accepter.listeners[0]) == timerAcceptPause })
		return paused
	})
	wantCount(t, "connections", int64(r.sockets(kindDownstream)), 2)
	close(gate)
	for _, c := range append(busy, waits) {
		c.read("GET").want(t, 200, "ok")
	}
}

func TestAFullFrontDoorHoldsNoBodyAndReadsLittle(t *testing.T) {
	l := &loop{options: &Options{ClientBodyBufferSize: 60_000}, timers: timer.New(1)}
	x := &exchange{loop: l, service: &service{options: new(ServiceOptions)}}
	x.request.b, x.request.bodyAt = make([]byte, 100, 20<<10), 100
	held := &exchange{loop: l, service: &service{options: &ServiceOptions{ProxyRequestBuffering: true}}, request: x.request}
	for _, step := range []struct {
		used                int64
		hold, pending, room int
	}{
		{50_000, 60_000, pendingBytesMax, buffer.ScratchBytes},
		{50_001, 20<<10 - 102, 0, leanReadBytes},
		{75_000, 20<<10 - 102, 0, leanReadBytes},
		{75_001, 20<<10 - 102, 0, fullReadBytes},
		{100_001, 20<<10 - 102, 0, fullReadBytes},
	} {
		l.buffers = buffer.Pool{}
		l.buffers.SetBudget(100_000)
		l.buffers.Get(1 << 20)
		l.buffers.Put(make([]byte, 0, 1<<20-step.used))
		if hold := x.holdMax(); hold != step.hold || l.pendingMax() != step.pending || l.readRoom() != step.room {
			t.Errorf("with %d bytes used: got %d, %d, %d, want %+v", step.used, x.holdMax(), l.pendingMax(), l.readRoom(), step)
		}
		if hold, want := held.holdMax(), 4<<10-102; step.pending == 0 && hold != want {
			t.Errorf("with %d bytes used, where a file holds the rest: got %d, want %d", step.used, hold, want)
		}
	}
}

// TestManyClientsWithFewDescriptors has more clients keep their connections than the process has descriptors: each is
// served.
func TestManyClientsWithFewDescriptors(t *testing.T) {
	t.Parallel()
	s := newStub(t, constant("ok"))
	child := starve(t, s.address, 256)
	for i := range 500 {
		c := child.dial(t)
		if _, err := io.WriteString(c, getRequest); err != nil {
			t.Fatalf("client %d: %v", i, err)
		}
		b := make([]byte, 1000)
		if n, err := c.Read(b); err != nil || !strings.HasPrefix(string(b[:n]), "HTTP/1.1 200 ") {
			t.Fatalf("client %d: got %q and %v, want 200", i, b[:n], err)
		}
	}
	if turns, _ := child.end(t); turns > 500*20 {
		t.Errorf("turns of the loop: got %d for 500 requests, want no spinning", turns)
	}
}

// TestUploadsThatBeginWithTheirHeadsStayWithinTheBudget has as many clients as a container of 32 MB takes, which all
// send the head of an upload first and a part of its body later, to a worker that takes its time.
func TestUploadsThatBeginWithTheirHeadsStayWithinTheBudget(t *testing.T) {
	const memory, clients = 32 << 20, 1000
	const budget = memory / bufferShare
	r := newRig(t, func(o *Options) { o.MemoryMax = memory })
	s := newStub(t, func(q *stubRequest) bool {
		n, err := q.copyBody(io.Discard)
		return err == nil && n > 0 && q.ok("ok")
	})
	r.workers(s.address)
	var all []*caller
	for range clients {
		all = append(all, r.client().send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"))
	}
	eventually(t, "every head is read", func() bool { return r.exchangesOrNone() })
	for round := range 3 {
		for _, c := range all {
			_ = c.SetWriteDeadline(time.Now().Add(time.Millisecond))
			_, _ = io.WriteString(c.TCPConn, strings.Repeat("x", 5000)) // the front door may not take it all
		}
		r.fewTurns()
		if bytes := r.usage(); bytes > 3*budget {
			t.Fatalf("buffers in round %d: got %d bytes, want 3 times the budget of %d at most", round, bytes, budget)
		}
	}
}

// TestATunnelThatIsIdleHoldsNoBuffer: tunnels last for hours, so what each of them kept of its request would use up
// the budget for all others.
func TestATunnelThatIsIdleHoldsNoBuffer(t *testing.T) {
	r := newRig(t, nil)
	r.workers(newStub(t, switches("")).address)
	for range 10 {
		c := r.tunnel("")
		c.send("ping")
		c.wantBytes("pingping")
	}
	r.fewTurns()
	if bytes := r.usage(); bytes != 0 {
		t.Errorf("buffers of 10 idle tunnels: got %d bytes, want none", bytes)
	}
}

// TestWhatTheAccessLogKeepsOfRequestsIsWithinTheBudget has many requests at once, of which the log has to remember
// much until they are answered. What it copies counts as buffers do, and when they have ended no more is kept than of
// those.
func TestWhatTheAccessLogKeepsOfRequestsIsWithinTheBudget(t *testing.T) {
	r := newRig(t, func(o *Options) { cramped(o); o.AccessLog = accesslog.JSON; o.Services[0].QueueSize = 4096 })
	kept := func() (bytes int64) {
		r.onLoop(func(l *loop) {
			for _, x := range l.exchanges.all {
				bytes += int64(cap(x.noted.Buffer()))
			}
		})
		return bytes
	}
	request := "GET /" + strings.Repeat("t", 2048) + " HTTP/1.1\r\nHost: x\r\nReferer: " + strings.Repeat("r", 1024) +
		"\r\nUser-Agent: " + strings.Repeat("u", 1024) + "\r\nConnection: close\r\n\r\n"
	const clients = 1000 // half of what a container of 64 MB takes
	var all []*caller
	for range clients {
		all = append(all, r.client().send(request))
	}
	eventually(t, "all of them wait, or were refused", func() bool { return r.exchangesOrNone() })
	if bytes := r.usage(); bytes > 9<<20 || bytes < kept() {
		t.Errorf("buffers with the %d bytes that the log remembers: got %d, want the budget of 8 MB at most", kept(), bytes)
	}
	r.workers(newStub(t, constant("ok")).address)
	for _, c := range all {
		if a := c.read("GET"); a.StatusCode != 200 && a.StatusCode != 503 {
			t.Fatalf("status: got %d, want 200 or 503", a.StatusCode)
		}
	}
	if bytes := kept(); bytes != 0 {
		t.Errorf("kept with exchanges that have ended: got %d bytes, want none", bytes)
	}
}

// TestTheKernelHoldsLittleForAClientThatReadsNothing has a client come while places are short. What the kernel took of
// its answer without a bound was work done in vain, and let it count as one that owes nothing. When it goes,
// nothing of it stays.
func TestTheKernelHoldsLittleForAClientThatReadsNothing(t *testing.T) {
	r := newRig(t, nil)
	deaf := r.deaf()
	r.elapse(unservedMillis)
	_ = r.client()
	eventually(t, "it made room", func() bool { return r.exchanges() == 0 })
	deaf.wantReset()
}

// TestWhileBuffersAreFullAClientThatReadsNothingGoesSooner is for a GET that would be refused.
func TestWhileBuffersAreFullAClientThatReadsNothingGoesSooner(t *testing.T) {
	r := newRig(t, func(o *Options) { o.MemoryMax = 64 << 20 })
	deaf := r.deaf()
	r.onLoop(func(l *loop) { l.room.clientsMax = 100; l.buffers.SetBudget(l.buffers.Used() / 2) })
	r.elapse(unreadFullMillis)
	if start, err := r.client().send(getRequest).in.Peek(12); string(start) != "HTTP/1.1 200" {
		t.Errorf("another's answer: got %q and %v, want 200", start, err)
	}
	deaf.wantReset()
}

// deaf is a client that came while places were short, and reads nothing of its response.
func (r *rig) deaf() *caller {
	r.t.Helper()
	s := newStub(r.t, constant(strings.Repeat("x", 256<<10)))
	r.workers(s.address)
	r.onLoop(func(l *loop) { l.room.clientsMax = 1 })
	first := r.client()
	eventually(r.t, "another is in", func() bool { return r.sockets(kindDownstream) == 1 })
	r.elapse(unservedMillis)
	c := r.client()
	_ = c.SetReadBuffer(4096)
	c.send(getRequest)
	first.wantEnd()
	eventually(r.t, "it owes the reading of its answer", func() (owes bool) {
		r.onLoop(func(l *loop) { _, owes = l.timers.Oldest(timerSend) })
		return owes
	})
	return c
}

func (c *caller) wantReset() {
	c.t.Helper()
	if _, err := io.Copy(io.Discard, c); !errors.Is(err, unix.ECONNRESET) {
		c.t.Errorf("the end of a connection whose client read nothing: got %v, want a reset", err)
	}
}
