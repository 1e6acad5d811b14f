package lbproxy

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// chaosClient makes connections one after the other, each with a few requests.
type chaosClient struct {
	*chaos
	rng *rand.Rand
	id  int // of its next request
}

// visit is one connection of a client.
type visit struct {
	*chaosClient
	c         *net.TCPConn
	in        *bufio.Reader
	source    *slowReader // what in reads
	orders    []*order
	pipelined bool
	stopAt    int  // byte of what it has to say at which it stops; negative is never
	stopBy    stop // how
	leaveAt   int  // byte of what it hears at which it leaves; negative is never
	turn      chan struct{}
	goAhead   chan struct{}
	wrote     chan struct{} // closed when the writer has ended
	wasReset  bool          // the writer's: it found the connection reset
}

// stop is how a client ends what it says.
type stop int

const (
	stopByPause stop = iota // it says no more, and waits
	stopByFin
	stopByClose
	stopByReset
	stops
)

func (cl *chaosClient) run() {
	for range cl.visits {
		cl.visit()
		nap(cl.rng, 5)
	}
}

func (cl *chaosClient) visit() {
	size := 0
	if cl.rng.IntN(3) == 0 {
		size = 4 << 10 << cl.rng.IntN(4)
	}
	dialer := net.Dialer{Timeout: chaosPatience, Control: smallBuffers(size)}
	c, err := dialer.Dial("tcp", cl.rig.address)
	if err != nil {
		if !cl.drained.Load() || !errors.Is(err, syscall.ECONNREFUSED) {
			cl.fault("client: dial: %v", err)
		}
		return
	}
	defer c.Close()
	v := &visit{
		chaosClient: cl, c: c.(*net.TCPConn), pipelined: cl.rng.IntN(2) == 0, stopAt: -1, leaveAt: -1,
		turn: make(chan struct{}, 100), goAhead: make(chan struct{}, 100), wrote: make(chan struct{}),
	}
	v.source = &slowReader{visit: v, rng: cl.dice(uint64(cl.id)<<1 | 1), isSlow: cl.rng.IntN(5) == 0}
	v.in = bufio.NewReader(v.source)
	total := 0
	for n := 1 + cl.rng.IntN(5); n > 0; n-- {
		o := cl.order(n == 1)
		cl.expect(o)
		v.orders = append(v.orders, o)
		total += len(o.head()) + o.size
		if o.upgrade {
			break
		}
	}
	v.misbehave(total)
	go v.write(cl.dice(uint64(cl.id) << 1))
	v.read()
	c.Close()
	<-v.wrote
}

// misbehave makes plans for a visit, in which the client has so much to say.
func (v *visit) misbehave(total int) {
	if v.manners == mannersGood {
		return
	}
	switch v.rng.IntN(6) {
	case 0:
		v.stopAt, v.stopBy = v.rng.IntN(total+1), stop(v.rng.IntN(int(stops)))
	case 1:
		v.stopAt, v.stopBy = math.MaxInt, stopByFin // behind the last request
	case 2:
		v.leaveAt = v.rng.IntN(20_000)
	}
}

// order thinks of a request.
func (cl *chaosClient) order(isLast bool) *order {
	r := cl.rng
	cl.id++
	o := &order{id: cl.id, method: []string{"GET", "GET", "GET", "HEAD", "DELETE", "PUT", "PUT", "POST", "POST", "POST"}[r.IntN(10)], minor: 1}
	o.single = isLast && r.IntN(3) == 0
	o.fields = pick(r, "", "", "", "TE: trailers\r\n", "Accept: application/json\r\n", "X-Long: "+strings.Repeat("x", 5000)+"\r\n")
	switch o.method {
	case "PUT", "POST":
		o.size = chaosSize(r)
		o.chunked = r.IntN(2) == 0
		o.expects = r.IntN(5) == 0 && o.size > 0
	case "GET":
		if o.upgrade = r.IntN(12) == 0; o.upgrade {
			o.single = false
		} else if r.IntN(10) == 0 {
			o.minor = 0
		}
	}
	return o
}

// write says what the client has to say.
func (v *visit) write(rng *rand.Rand) {
	defer close(v.wrote)
	w := &piecewise{Conn: v.c, rng: rng}
	said := 0
	say := func(p []byte) bool {
		stops := v.stopAt >= 0 && said+len(p) >= v.stopAt
		if stops {
			p = p[:v.stopAt-said]
		}
		said += len(p)
		_, err := w.Write(p)
		v.wasReset = errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
		if stops {
			v.stop()
		}
		return err == nil && !stops
	}
	var held []byte
	if v.options.ProxyProtocol {
		held = append(held, "PROXY TCP4 192.0.2.1 192.0.2.2 1000 80\r\n"...)
	}
	for i, o := range v.orders {
		if i > 0 && !v.pipelined && !v.await(v.turn) {
			return
		}
		held = append(held, o.head()...)
		if o.expects {
			if !say(held) {
				return
			}
			held = held[:0]
			if rng.IntN(4) > 0 {
				v.awaitFor(v.goAhead, time.Duration(rng.IntN(400))*time.Millisecond)
			}
		}
		switch {
		case o.chunked:
			held = appendChaosChunks(held, o.body(), rng)
		default:
			held = append(held, o.body()...)
		}
		if v.pipelined && i < len(v.orders)-1 && rng.IntN(3) > 0 {
			continue // together with the next
		}
		if !say(held) {
			return
		}
		held = held[:0]
	}
	if v.stopAt > said {
		v.stop()
	}
}

func (v *visit) stop() {
	switch v.stopBy {
	case stopByFin:
		_ = v.c.CloseWrite()
	case stopByReset:
		_ = v.c.SetLinger(0)
		v.c.Close()
	case stopByPause:
		if v.patient {
			v.c.Close()
		}
	case stopByClose, stops:
		v.c.Close()
	}
}

// await waits for a word of the reader. It is false when there will be none, as the connection is over.
func (v *visit) await(word <-chan struct{}) bool {
	_, ok := <-word
	return ok
}

func (v *visit) awaitFor(word <-chan struct{}, d time.Duration) {
	select {
	case <-word:
	case <-time.After(d):
	}
}

// read takes the responses, each of which has to be the one to its request, until one of both sides has had enough.
func (v *visit) read() {
	defer close(v.turn)
	for i, o := range v.orders {
		goesOn, err := v.readAnswer(o)
		if err != nil {
			v.checkEnd(o, err)
			return
		}
		if !goesOn {
			v.wantNothing(o)
			return
		}
		if i == len(v.orders)-1 && v.stopBy == stopByFin && v.stopAt >= 0 {
			v.wantNothing(o)
		}
		v.turn <- struct{}{}
	}
}

// checkEnd tells an end of the connection, which a client sees, from a silence.
func (v *visit) checkEnd(o *order, err error) {
	if v.manners == mannersGood {
		v.fault("client: %s %d, among well-behaved peers: %v", o.method, o.id, err)
	}
	if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
		v.fault("client: %s %d (stops at %d by %d, pipelined %v): neither an answer nor an end in %v", o.method, o.id, v.stopAt, v.stopBy, v.pipelined, chaosPatience)
	}
}

func (v *visit) patience() { _ = v.c.SetReadDeadline(time.Now().Add(chaosPatience)) }

// wantNothing reads on after the last response that the connection may bring.
func (v *visit) wantNothing(o *order) {
	v.patience()
	rest, err := io.ReadAll(v.in)
	unknown := o.method == "HEAD" && bytes.ContainsAny(rest[:min(1, len(rest))], "<{45") // half a request line came in time: no method
	if len(rest) > 0 && !unknown {
		v.fault("client: got %.100q behind the last answer, to %s %d", rest, o.method, o.id)
	}
	if err != nil {
		v.checkEnd(o, err)
	}
}

// readAnswer reads the answer to o. It reports whether another one may follow on the connection.
func (v *visit) readAnswer(o *order) (goesOn bool, err error) {
	for {
		v.patience()
		resp, err := http.ReadResponse(v.in, &http.Request{Method: o.method})
		switch {
		case err != nil:
			if v.isMalformed(err) {
				v.fault("client: answer to %s %d: %v, after %v", o.method, o.id, err, v.source.ended)
			}
			return false, err
		case resp.StatusCode == http.StatusSwitchingProtocols:
			v.talk(o)
			return false, nil
		case resp.StatusCode < 200:
			v.checkInterim(o, resp)
			continue
		}
		return v.checkAnswer(o, resp)
	}
}

// isMalformed tells a response that is none from one that has broken off. Where the client itself has left in the
// middle of a line, what it has of that line is malformed, and the reader's own error is not told.
func (v *visit) isMalformed(err error) bool {
	if errors.Is(v.source.ended, errLeft) || errors.Is(v.source.ended, net.ErrClosed) {
		return false
	}
	var network net.Error
	return !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.As(err, &network) && !errors.Is(err, errLeft)
}

func (v *visit) checkInterim(o *order, resp *http.Response) {
	if o.minor == 0 || resp.StatusCode == statusContinue && !o.expects {
		v.fault("client: %s %d, of version 1.%d, got the interim answer %d", o.method, o.id, o.minor, resp.StatusCode)
	}
	select {
	case v.goAhead <- struct{}{}:
	default:
	}
}

// checkAnswer compares a final answer with what a worker may have said to o, or the front door.
func (v *visit) checkAnswer(o *order, resp *http.Response) (goesOn bool, err error) {
	var body []byte
	if body, err = io.ReadAll(resp.Body); err != nil && v.isMalformed(err) {
		v.fault("client: body of the answer to %s %d: %v", o.method, o.id, err)
	}
	id := resp.Header.Get("X-Id")
	if id == "" {
		switch resp.StatusCode {
		case 408, 413, 502, 503, 504:
		default:
			v.fault("client: %s %d got %d from the front door: %.100q", o.method, o.id, resp.StatusCode, body)
		}
		v.tally(fmt.Sprint(resp.StatusCode, " of the front door"))
		if v.manners == mannersGood {
			v.fault("client: %s %d got %d among well-behaved peers: %.100q", o.method, o.id, resp.StatusCode, body)
		}
		return !resp.Close, err
	}
	v.tally("answers of workers")
	if id != strconv.Itoa(o.id) {
		v.fault("client: %s %d got the answer to %s: %d %v", o.method, o.id, id, resp.StatusCode, resp.Header)
		return false, err
	}
	size, _ := strconv.Atoi(resp.Header.Get("X-Size"))
	if o.method == "HEAD" || resp.StatusCode == 204 || resp.StatusCode == 304 {
		size = 0
	}
	m := matcher{want: o.answerBody(size)}
	_, _ = m.Write(body)
	byClose := resp.Header.Get("X-By-Close") != ""
	mayBeCut := byClose && v.deadly // a worker that died looks like one that has ended it
	if byClose && resp.StatusCode >= 300 && (o.size > 0 || o.chunked) {
		mayBeCut = true // and one that breaks off looks like one that refuses the body
	}
	if o.minor == 0 && v.pipelined && err == nil && !m.isWhole() {
		v.c.Close()
		<-v.wrote
		mayBeCut = mayBeCut || v.wasReset // which the kernel told to the writer alone
	}
	if m.fault != "" || err == nil && !m.isWhole() && !mayBeCut {
		v.fault("client: answer to %s %d of version 1.%d: %s; got %d bytes and error %v, want %d; head %v",
			o.method, o.id, o.minor, m.fault, len(body), err, size, resp.Header)
	}
	return !resp.Close, err
}

// talk uses a tunnel: what is said comes back.
func (v *visit) talk(o *order) {
	said := chaosBytes(o.id, '.', 1+v.rng.IntN(200_000))
	done := make(chan struct{})
	go func() {
		defer close(done)
		<-v.wrote // its request is out
		if _, err := (&piecewise{Conn: v.c, rng: v.dice(uint64(o.id)<<1 | 1)}).Write(said); err == nil {
			_ = v.c.CloseWrite()
		}
	}()
	m := matcher{want: said}
	v.patience()
	_, err := io.Copy(&m, v.in)
	v.c.Close()
	<-done
	switch {
	case m.fault != "":
		v.fault("client: tunnel %d: %s", o.id, m.fault)
	case err != nil:
		v.checkEnd(o, fmt.Errorf("tunnel: %w", err))
	case !m.isWhole() && v.patient && !v.deadly && v.stopAt < 0:
		v.fault("client: tunnel %d: got %d bytes back and an end, want %d", o.id, m.at, len(said))
	}
}

// errLeft ends the reading of a client that has left.
var errLeft = errors.New("left")

// slowReader reads a connection, in small pieces with pauses when it is slow, up to where its client leaves.
type slowReader struct {
	*visit
	rng    *rand.Rand
	isSlow bool
	heard  int
	ended  error // why it reads no more
}

func (r *slowReader) Read(p []byte) (int, error) {
	if r.leaveAt >= 0 && r.heard >= r.leaveAt {
		if r.rng.IntN(2) == 0 {
			_ = r.c.SetLinger(0)
		}
		r.c.Close()
		r.ended = errLeft
		return 0, errLeft
	}
	if r.isSlow {
		p = p[:min(len(p), 1+r.rng.IntN(4096))]
		nap(r.rng, 2)
	}
	n, err := r.c.Read(p)
	r.heard += n
	if err != nil {
		r.ended = err
	}
	return n, err
}
