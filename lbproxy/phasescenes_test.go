package lbproxy

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"percore/lbproxy/balance"
)

// scene is a conversation that comes to a phase.
type scene struct {
	want    phase
	options func(*Options)
	worker  func(q *stubRequest) bool // nil: none is up
	say     string                    // what the client begins with
	then    func(r *rig, c *caller, s *stub)
}

const (
	postStart = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhello"
	hugeBytes = 12 << 20 // more than sockets take
)

var (
	hugeHead  = fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", hugeBytes)
	hugeWhole = hugeHead + strings.Repeat("x", hugeBytes)
	hugeStart = hugeWhole[:len(hugeWhole)-hugeBytes/2]
)

// scenes come to the phases in their order.
var scenes = []scene{
	{want: phases[0].phase, options: func(o *Options) { o.ProxyProtocol = true }, say: "PROXY TCP4 "},
	{want: phases[1].phase, say: "GET / HT"},
	{want: phases[2].phase, say: postStart},
	{want: phases[3].phase, options: holdsOnDisk, worker: waits, say: postStart, then: sayTheRest},
	{want: phases[4].phase, options: streams, say: postStart},
	{want: phases[5].phase, say: getRequest},
	{want: phases[6].phase, options: streams, say: postStart, then: callDeaf},
	{want: phases[7].phase, say: getRequest, then: callDeaf},
	{want: phases[8].phase, options: holdsHalf, worker: waits, say: hugeStart},
	{want: phases[9].phase, options: holdsAll, worker: waits, say: hugeWhole},
	{want: phases[10].phase, options: streams, worker: waits, say: postStart},
	{want: phases[11].phase, worker: waits, say: getRequest},
	{want: phases[12].phase, options: streams, worker: waits, say: postStart[:len(postStart)-1], then: breakWorker("o")},
	{want: phases[13].phase, options: streams, worker: waits, say: postStart, then: breakWorker("world")},
	{want: phases[14].phase, options: holdsHalf, worker: begins, say: hugeStart},
	{want: phases[15].phase, options: holdsAll, worker: begins, say: hugeWhole},
	{want: phases[16].phase, options: streams, worker: begins, say: postStart},
	{want: phases[17].phase, options: streamsInHaste, worker: begins, say: postStart},
	{want: phases[18].phase, options: holdsAll, worker: saysTooMuch, say: hugeWhole, then: resetWorker},
	{want: phases[19].phase, worker: begins, say: getRequest},
	{want: phases[20].phase, options: streams, worker: saysAtOnce, say: postStart, then: takeLittle},
	{want: phases[21].phase, options: holdsAll, worker: saysAtOnce, say: hugeWhole, then: takeLittle},
	{want: phases[22].phase, worker: saysAtOnce, say: getRequest, then: takeLittle},
	{want: phases[23].phase, worker: switches(""), say: upgradeRequest},
}

// streams has neither requests nor responses held any longer than they need to be.
func streams(o *Options) {
	s := &o.Services[0]
	o.ClientBodyBufferSize, s.ProxyRequestBuffering, s.ProxyBuffering = 0, false, false
}

// holdsOnDisk has every body in a file that is written while the loop goes on.
func holdsOnDisk(o *Options) { o.ClientBodyBufferSize, o.ClientBodyTempPath = 0, os.TempDir() }

func holdsHalf(o *Options) { streams(o); o.ClientBodyBufferSize = hugeBytes / 4 }
func holdsAll(o *Options)  { streams(o); o.ClientBodyBufferSize = hugeBytes }

func streamsInHaste(o *Options) {
	streams(o)
	o.ClientBodyTimeout = 50 * time.Millisecond
}

// waits reads no more than the beginning of a request, and says nothing.
func waits(q *stubRequest) bool { <-q.ended; return false }

// begins answers at once, and does not come to the end.
func begins(q *stubRequest) bool {
	q.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
	return waits(q)
}

// saysTooMuch says more than sockets take.
func saysTooMuch(q *stubRequest) bool {
	go q.say("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", hugeBytes, hugeWhole)
	return waits(q)
}

// saysAtOnce says, while the front door stands still, a whole response that a client's sockets do not take.
func saysAtOnce(q *stubRequest) bool {
	<-q.turn
	q.ok(strings.Repeat("x", 250_000))
	q.turn <- struct{}{}
	return waits(q)
}

func takeLittle(r *rig, c *caller, s *stub) {
	_ = c.SetReadBuffer(70_000)
	eventually(r.t, "the worker has the request", func() bool { return s.requests.Load() == 1 })
	r.shrinkSendBuffers()
	release := r.hold()
	s.turn <- struct{}{}
	<-s.turn
	release()
}

func sayTheRest(r *rig, c *caller, _ *stub) {
	eventually(r.t, "the body's beginning is held", func() (held bool) {
		r.onLoop(func(l *loop) { held = len(l.exchanges.all) > 0 && l.exchanges.all[0].request.inFile() > 0 })
		return held
	})
	c.send("world")
}

func callDeaf(r *rig, _ *caller, _ *stub) { r.workers(deaf(r.t)) }

// breakWorker has a worker's connection reset before the client's next bytes are passed on, and the loop learn of
// both by these bytes.
func breakWorker(next string) func(r *rig, c *caller, s *stub) {
	return func(r *rig, c *caller, s *stub) {
		eventually(r.t, "the worker has the request", func() bool { return s.requests.Load() == 1 })
		r.onLoop(func(l *loop) {
			s.reset()
			c.send(next)
			d := l.conns.at(l.exchanges.all[0].downstream)
			d.facts |= factReadable
			l.enqueue(d)
		})
	}
}

func resetWorker(r *rig, _ *caller, s *stub) {
	eventually(r.t, "the response begins", func() (begun bool) {
		r.onLoop(func(l *loop) { begun = len(l.exchanges.all) > 0 && l.exchanges.all[0].hasBegun() })
		return begun
	})
	r.settle()
	s.reset()
}

// TestEveryPhaseIsComeTo holds that the table of phases has no row that cannot be.
func TestEveryPhaseIsComeTo(t *testing.T) {
	for i, p := range phases {
		t.Run(p.text, func(t *testing.T) {
			sc := scenes[i]
			if sc.want != p.phase {
				t.Fatalf("scene %d comes to %v, want it to come to %v", i, sc.want, p.phase)
			}
			r := newRig(t, sc.options)
			s := &stub{}
			if sc.worker != nil {
				s = newStub(t, sc.worker)
				s.receiveLittle(t)
				r.workers(s.address)
			} else {
				r.apply(false, balance.Endpoint{Name: "w", Address: refusing(t), Incarnation: 1, State: balance.Down, Coming: true})
			}
			c := r.client()
			go func() { _, _ = io.WriteString(c.TCPConn, sc.say) }()
			if sc.then != nil {
				sc.then(r, c, s)
			}
			eventually(t, fmt.Sprintf("the phase is %v", sc.want), func() (come bool) {
				r.onLoop(func(*loop) { come = r.missteps.seen[sc.want] })
				return come
			})
		})
	}
}
