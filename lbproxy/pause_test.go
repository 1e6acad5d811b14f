package lbproxy

import (
	"testing"
	"time"
)

// pause keeps the first loop from its work for so long.
func (r *rig) pause(d time.Duration) { r.onLoop(func(*loop) { time.Sleep(d) }) }

func TestAPauseEndsNoRequest(t *testing.T) {
	for name, before := range map[string]string{"of a worker that takes its time": "abcd", "that sends its body slowly": "ab"} {
		t.Run(name, func(t *testing.T) {
			release := make(chan struct{})
			r := newRig(t, func(o *Options) {
				o.Services[0].ProxyReadTimeout, o.ClientBodyTimeout = 500*time.Millisecond, 500*time.Millisecond
			})
			stub := newStub(t, func(q *stubRequest) bool {
				_, _ = q.body()
				<-release
				return q.ok("ok")
			})
			r.workers(stub.address)
			c := r.client()
			c.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n" + before)
			eventually(t, "the request is under way", func() bool { return r.exchanges() == 1 })
			r.pause(1500 * time.Millisecond)
			r.exchanges() // a turn, in which timers run out
			c.send("abcd"[len(before):])
			close(release)
			c.read("GET").want(t, 200, "ok")
		})
	}
}

func TestAPauseEndsNoConnectionThatIsIdle(t *testing.T) {
	r := newRig(t, func(o *Options) { o.KeepaliveTimeout = 600 * time.Millisecond })
	stub := newStub(t, constant("ok"))
	r.workers(stub.address)
	c := r.client()
	c.do(requestOf("GET", "")).want(t, 200, "ok")
	r.pause(1500 * time.Millisecond)
	r.exchanges() // a turn, in which timers run out
	c.do(requestOf("GET", "")).want(t, 200, "ok")
}

func TestAPauseEndsNoWaitInTheQueue(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Services[0].QueueTimeout = 500 * time.Millisecond })
	stub := newStub(t, constant("ok"))
	c := r.client()
	c.send(requestOf("GET", ""))
	eventually(t, "the request is under way", func() bool { return r.exchanges() == 1 })
	r.pause(1500 * time.Millisecond)
	r.workers(stub.address)
	c.read("GET").want(t, 200, "ok")
}

// A worker ends what is idle by its own clock: what was kept over a pause gets nothing that must not be repeated.
func TestAConnectionThatWasKeptOverAPauseCarriesNoPOST(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Services[0].ProxyKeepaliveTimeout = time.Minute })
	stub := newStub(t, constant("ok"))
	r.workers(stub.address)
	c := r.client()
	c.do(requestOf("GET", "")).want(t, 200, "ok")
	r.onLoop(func(l *loop) { l.lost += 10_000 })
	c.do(requestOf("POST", "abc")).want(t, 200, "ok")
	wantCount(t, "connections to the worker", stub.conns.Load(), 2)
}

func TestDeadlinesStillEndWhatIsStuck(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Services[0].ProxyReadTimeout = 300 * time.Millisecond })
	stub := newStub(t, silent)
	r.workers(stub.address)
	c := r.client()
	c.send(requestOf("GET", ""))
	eventually(t, "the request is under way", func() bool { return r.exchanges() == 1 })
	r.pause(900 * time.Millisecond)
	c.read("GET").want(t, 504, "~did not answer in time")
}
