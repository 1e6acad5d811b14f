package lbproxy

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"

	"percore/lbproxy/buffer"
)

// conduct is how a worker treats a response.
type conduct int

const (
	wellBehaved conduct = iota
	brokenOff           // it stops in the middle
	surplus             // it says more than was asked for
	garbled             // it speaks no HTTP
)

// reply is a response as it is written.
type reply struct {
	bytes   []byte
	headEnd int  // where its body begins
	closes  bool // the connection ends with it
	byClose bool // and its end is that of its body
}

// chaosSizes are around the sizes of our buffers, of the kernel's and of one read.
var chaosSizes = []int{
	0, 0, 0, 1, 15, 16, 100, 1000, 4095, 4096, 4097, 16 << 10, headReadBytes - 100, headReadBytes, headReadBytes + 1,
	pendingBytesMax - 1, pendingBytesMax, pendingBytesMax + 1, 96 << 10, 100_000, buffer.ScratchBytes - 1, buffer.ScratchBytes, buffer.ScratchBytes + 1, 300_000,
}

func chaosSize(rng *rand.Rand) int {
	if rng.IntN(3) == 0 {
		return rng.IntN(2000)
	}
	return chaosSizes[rng.IntN(len(chaosSizes))]
}

// newReply makes a response to o: a status, a framing, a size.
func (l *life) newReply(o *order, rng *rand.Rand, how conduct) reply {
	status := []int{200, 200, 200, 200, 201, 404, 500, 503, 204, 304}[rng.IntN(10)]
	size := chaosSize(rng)
	if how == brokenOff {
		size = max(size, 50)
	}
	var r reply
	b := fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nX-Id: %d\r\nX-Size: %d\r\n", status, http.StatusText(status), o.id, size)
	if rng.IntN(8) == 0 {
		b, r.closes = append(b, "Connection: close\r\n"...), true
	}
	if status == 204 {
		size = 0
	}
	empty := o.method == "HEAD" || status == 204 || status == 304
	body := o.answerBody(size)
	switch framing := rng.IntN(6); {
	case status == 204:
		b = append(b, "\r\n"...)
		r.headEnd = len(b)
	case framing == 0 && !empty && (how != brokenOff || l.network == "tcp"): // without a RST it could not be told
		b = append(b, "X-By-Close: 1\r\n\r\n"...)
		r.headEnd = len(b)
		b = append(b, body...)
		r.closes, r.byClose = true, true
	case framing < 3:
		b = append(b, "Transfer-Encoding: chunked\r\n\r\n"...)
		r.headEnd = len(b)
		if !empty {
			b = appendChaosChunks(b, body, rng)
		}
	default:
		b = fmt.Appendf(b, "Content-Length: %d\r\n\r\n", size)
		r.headEnd = len(b)
		if !empty {
			b = append(b, body...)
		}
	}
	r.bytes = b
	return r
}

// appendChaosChunks writes a body in chunks of any size, at times with an extension and a trailer.
func appendChaosChunks(b, body []byte, rng *rand.Rand) []byte {
	most := []int{1, 16, 4096, len(body), len(body)}[rng.IntN(5)]
	if len(body) > 4096 {
		most = max(most, 1000)
	}
	for len(body) > 0 {
		n := min(1+rng.IntN(max(most, 1)), len(body))
		b = fmt.Appendf(b, "%x", n)
		if rng.IntN(8) == 0 {
			b = append(b, ";chaos=1"...)
		}
		b = fmt.Appendf(b, "\r\n%s\r\n", body[:n])
		body = body[n:]
	}
	if b = append(b, "0\r\n"...); rng.IntN(4) == 0 {
		b = append(b, "X-Trailer: 1\r\n"...)
	}
	return append(b, "\r\n"...)
}

// answer writes a response. It reports whether the connection goes on.
func (l *life) answer(e *task, how conduct) bool {
	w := &piecewise{Conn: e.c, rng: e.rng}
	for range max(0, e.rng.IntN(6)-3) {
		interim := []string{"HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"}[e.rng.IntN(2)]
		if _, err := io.WriteString(w, interim); err != nil {
			return false
		}
	}
	if how == garbled {
		l.finish(e)
		_, err := io.WriteString(w, []string{"nonsense\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "\x00"}[e.rng.IntN(4)])
		return err == nil && l.hang(e)
	}
	r := l.newReply(e.order, e.rng, how)
	if how == brokenOff {
		return l.breakOff(w, e, r)
	}
	last := len(r.bytes)
	if !r.byClose {
		last -= 1 + e.rng.IntN(min(64, last-1))
	}
	if _, err := w.Write(r.bytes[:last]); err != nil {
		return false
	}
	l.finish(e)
	if last < len(r.bytes) && !l.sayLast(w, r.bytes[last:], how) {
		return false
	}
	switch {
	case r.closes:
	case l.manners == mannersBad && e.rng.IntN(12) == 0: // without a word
		nap(e.rng, 5)
	default:
		return true
	}
	return false
}

// sayLast writes the end of a response, and what is too much. Some of that comes in the same piece as the end: what
// comes when the connection has its next request already cannot be told from a response, which is why none can keep
// such a worker's connection.
func (l *life) sayLast(w *piecewise, p []byte, how conduct) bool {
	more := []byte("HTTP/1.1 200 OK\r\nX-Id: 0\r\nContent-Length: 0\r\n\r\n")
	if how != surplus {
		_, err := w.Write(p)
		return err == nil
	}
	some := 1 + w.rng.IntN(len(more))
	if _, err := w.Conn.Write(append(slices.Clone(p), more[:some]...)); err != nil {
		return false
	}
	_, err := w.Write(append(more[some:], more...))
	return err == nil
}

// breakOff stops in the middle of a response: by an end of the connection that cannot be taken for the response's, or
// in silence.
func (l *life) breakOff(w *piecewise, e *task, r reply) bool {
	some := 1 + e.rng.IntN(len(r.bytes)-1)
	if e.rng.IntN(2) == 0 {
		some = max(some, min(r.headEnd+1, len(r.bytes)-1))
	}
	if _, err := w.Write(r.bytes[:some]); err != nil {
		return false
	}
	if e.rng.IntN(4) == 0 {
		return l.hang(e)
	}
	l.finish(e)
	l.close(e.c, r.byClose || e.rng.IntN(2) == 0)
	return false
}

// piecewise writes in one piece, in a few, or byte by byte, with pauses.
type piecewise struct {
	net.Conn
	rng *rand.Rand
}

func (w *piecewise) Write(p []byte) (n int, err error) {
	most := []int{1, 50, 3000, 20_000, len(p), len(p)}[w.rng.IntN(6)]
	if len(p) > 500 {
		most = max(most, len(p)/20)
	}
	for n < len(p) {
		k := min(1+w.rng.IntN(max(most, 1)), len(p)-n)
		if most == len(p) {
			k = len(p) - n
		}
		if _, err := w.Conn.Write(p[n : n+k]); err != nil {
			return n, err
		}
		if n += k; w.rng.IntN(8) == 0 {
			nap(w.rng, 3)
		}
	}
	return n, nil
}
