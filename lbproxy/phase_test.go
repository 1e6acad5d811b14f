package lbproxy

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

var update = flag.Bool("update", false, "write docs/exchange.md from the table of phases")

const exchangePage = "../docs/exchange.md"

func TestTheExchangePageIsGeneratedFromTheTable(t *testing.T) {
	want := renderExchange()
	if *update {
		if err := os.WriteFile(exchangePage, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(exchangePage)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is stale; run: go test ./lbproxy -run ExchangePage -update", exchangePage)
	}
}

func renderExchange() []byte {
	var b bytes.Buffer
	b.WriteString(exchangeIntro)
	renderStates(&b, "A connection", "What it is for now. One that is `open` or a `tunnel` has an exchange.", connStateTexts[:])
	renderStates(&b, "The upload", "How much of its request the client has sent.", uploadStateTexts[:])
	renderStates(&b, "The request", "How much of it a worker has.", requestStateTexts[:])
	renderStates(&b, "The response", "How much of it the client has.", responseStateTexts[:])
	b.WriteString(phasesIntro)
	for _, p := range phases {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", p.client, p.upload, p.request, p.response, p.worker, p.text)
	}
	return b.Bytes()
}

func renderStates(b *bytes.Buffer, title, intro string, texts []stateText) {
	fmt.Fprintf(b, "## %s\n\n%s\n\n", title, intro)
	for _, s := range texts {
		fmt.Fprintf(b, "- `%s`: %s\n", s.state, s.text)
	}
	b.WriteString("\n")
}

// stateText says what a state means to a reader of the page.
type stateText struct {
	state fmt.Stringer
	text  string
}

var connStateTexts = [connStates - 1]stateText{
	{stateProxy, "a client's; the PROXY header is awaited"},
	{stateIdle, "a client's; between two requests, or before the first"},
	{stateOpen, "a client's; it carries a request or its response"},
	{stateLinger, "a client's; all is said and the FIN is out, what still comes is thrown away"},
	{stateConnecting, "a worker's; connect has not finished"},
	{stateBusy, "a worker's; it carries a request or its response"},
	{statePooled, "a worker's; kept for the next request"},
	{stateTunnel, "either's; the protocol was switched"},
}

var uploadStateTexts = [uploadStates]stateText{
	{uploadHead, "not all of the head"},
	{uploadBody, "the head; or a malformed head, of which the rest is thrown away"},
	{uploadWhole, "all of it; what comes now is the next request"},
}

var requestStateTexts = [requestStates]stateText{
	{requestHeld, "nothing: no worker is chosen yet"},
	{requestParked, "nothing: it waits for a worker, in the queue"},
	{requestSending, "a part of what was held"},
	{requestStreaming, "what was held; the rest of the body passes through"},
	{requestSent, "all, but for what its socket has not taken yet"},
	{requestStopped, "as much as it will ever get: it takes no more, or the response is here. What the client still sends is thrown away"},
}

var responseStateTexts = [responseStates]stateText{
	{responseAwaited, "nothing but interim responses"},
	{responseRelaying, "the head; the body passes through"},
	{responseTaken, "all, but for what its socket has not taken yet"},
	{responseTunnel, "a 101; bytes pass both ways"},
}

const exchangeIntro = `# The states of a connection and of an exchange

<!-- Generated from lbproxy/phase.go: go test ./lbproxy -run ExchangePage -update -->

An exchange is one request and its response. A connection knows what it is for, and no more. How far the request and
the response are is kept in the exchange, in three states of its own.

`

const phasesIntro = `## All combinations

Between two turns of a loop every exchange is in one of these, from top to bottom in the order in which it may come
to them. A worker that failed leads back to the queue or to another worker. Every test with a front door, the
conversations, chaos and the fuzzer among them, looks after every turn.

| client's connection | upload | request | response | worker's connection | what happens |
|---|---|---|---|---|---|
`

// TestEveryStateIsInSomePhase finds a state that was forgotten in the table.
func TestEveryStateIsInSomePhase(t *testing.T) {
	seen := map[string]bool{"idle": true, "linger": true, "pooled": true} // of connections without an exchange
	for i, p := range phases {
		for _, s := range []fmt.Stringer{p.client, p.upload, p.request, p.response, p.worker} {
			seen[s.String()] = true
		}
		for _, other := range phases[:i] {
			if other.phase == p.phase {
				t.Errorf("phase %d: got %v twice", i, p)
			}
		}
	}
	for _, names := range [][]string{connStateNames[:], uploadStateNames[:], requestStateNames[:], responseStateNames[:]} {
		for _, name := range names {
			if !seen[name] {
				t.Errorf("state %s is in no phase", name)
			}
		}
	}
}

// TestTheCheckFindsAMisstep holds the check itself against exchanges and connections that cannot be.
func TestTheCheckFindsAMisstep(t *testing.T) {
	tests := []struct {
		name string
		harm func(x *exchange, c *conn, l *loop)
		want string
	}{
		{"no combination of the table", func(x *exchange, _ *conn, _ *loop) { x.response.state = responseTaken }, "an exchange is in no phase"},
		{"a worker that no exchange counts", func(x *exchange, _ *conn, _ *loop) { x.backend = nil }, "no place at a worker"},
		{"a connection of another exchange", func(x *exchange, c *conn, _ *loop) { c.exchange = noSlot }, "a connection that is open has no exchange"},
		{"a state of the other side", func(_ *exchange, c *conn, _ *loop) { c.kind = kindUpstream }, "kind"},
		{"a client too few", func(_ *exchange, _ *conn, l *loop) { l.room.clients-- }, "clients"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, nil)
			s := newStub(t, silent)
			r.workers(s.address)
			r.client().send(getRequest)
			eventually(t, "the worker has the request", func() bool { return s.requests.Load() == 1 })
			r.onLoop(func(l *loop) {
				if odd := l.misstep(); odd != "" {
					t.Errorf("before: got %q, want nothing", odd)
				}
				x := l.exchanges.all[0]
				c := l.conns.at(x.downstream)
				connBefore, before, clients := *c, *x, l.room.clients
				test.harm(x, c, l)
				if odd := l.misstep(); !strings.Contains(odd, test.want) {
					t.Errorf("got %q, want %q", odd, test.want)
				}
				*c, *x, l.room.clients = connBefore, before, clients
			})
		})
	}
}

// missteps looks at every loop of a front door after each of its turns.
type missteps struct {
	mu    sync.Mutex     // guards found
	found string         // the first
	seen  map[phase]bool // by the first loop, which alone looks at it
}

// watch has to be called before the loops run.
func (m *missteps) watch(p *Proxy) {
	m.seen = map[phase]bool{}
	for i, l := range p.loops {
		l.afterTurn = func(l *loop) {
			odd := l.misstep()
			for _, x := range l.exchanges.all {
				if i == 0 && l.conns.at(x.downstream).exchange == x.id {
					m.seen[x.phase()] = true
				}
			}
			if odd == "" {
				return
			}
			m.mu.Lock()
			defer m.mu.Unlock()
			if m.found == "" {
				m.found = fmt.Sprintf("loop %d, turn %d: %s", l.id, l.turn, odd)
			}
		}
	}
}

func (m *missteps) first() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.found
}

// misstep says what there is in a loop, between two of its turns, that cannot be.
func (l *loop) misstep() string {
	var exchanges, clients, upstreams int
	for slot := range int32(l.conns.size()) {
		c := l.conns.at(slot)
		switch c.kind {
		case kindDownstream:
			clients++
		case kindUpstream:
			upstreams++
		case kindFree, kindListener:
			continue
		}
		if odd := l.missedBy(c); odd != "" {
			return fmt.Sprintf("%s: %+v", odd, *c)
		}
		x := l.exchangeOf(c)
		if x == nil || c.kind == kindUpstream {
			continue
		}
		exchanges++
		if odd := x.misstep(); odd != "" {
			return fmt.Sprintf("%s: %+v: %+v", odd, x.phase(), *x)
		}
	}
	if exchanges != l.exchanges.active || clients != l.room.clients || upstreams != l.room.upstreams {
		return fmt.Sprintf("got %d exchanges, %d clients and %d connections to workers, counted are %d, %d and %d",
			exchanges, clients, upstreams, l.exchanges.active, l.room.clients, l.room.upstreams)
	}
	return ""
}

// missedBy says what is wrong with a connection alone.
func (l *loop) missedBy(c *conn) string {
	kind, least, most := kindDownstream, 1, 1
	switch c.state {
	case stateProxy:
		least = 0
	case stateIdle, stateLinger:
		least, most = 0, 0
	case stateOpen:
	case statePooled:
		kind, least, most = kindUpstream, 0, 0
	case stateConnecting, stateBusy:
		kind = kindUpstream
	case stateTunnel:
		kind = c.kind
	case stateNone:
		return "a connection has no state"
	}
	exchanges := 0
	if x := l.exchangeOf(c); x != nil {
		exchanges++
		if x.downstream != c.slot && x.upstream != c.slot {
			return "a connection has the exchange of another"
		}
	}
	switch {
	case c.kind != kind:
		return fmt.Sprintf("a connection of kind %d is %s", c.kind, c.state)
	case exchanges < least:
		return fmt.Sprintf("a connection that is %s has no exchange", c.state)
	case exchanges > most:
		return fmt.Sprintf("a connection that is %s has an exchange", c.state)
	}
	return ""
}

// misstep says what is wrong with an exchange.
func (x *exchange) misstep() string {
	p := x.phase()
	switch {
	case !slices.ContainsFunc(phases[:], func(q phaseRow) bool { return q.phase == p }):
		return "an exchange is in no phase"
	case (x.backend != nil) != (p.worker != stateNone):
		return "an exchange has a worker's connection and no place at a worker, or the other way round"
	case x.request.unsent.Pending() > 0 && p.request != requestStreaming && p.request != requestSent:
		return "bytes wait for a worker that is to get no more"
	case x.writer.pending() == 0 && p.response == responseTaken:
		return "an exchange goes on though the client has its response"
	case x.upstream != noSlot && x.loop.conns.at(x.upstream).exchange != x.id:
		return "the worker's connection is another exchange's"
	}
	return ""
}
