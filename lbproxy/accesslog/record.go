package accesslog

import (
	"time"

	"percore/lbproxy/client"
	"percore/lbproxy/http1"
)

// Record is what is written down of one request when it has ended. What does not apply is left at its zero value.
type Record struct {
	Head          Head
	Client        client.Peer // the client, after trust
	Peer          client.Peer // the peer that connected
	Minor         uint8       // of the client's HTTP version
	HTTPS         bool        // the client's scheme, as far as a trusted proxy says so
	Status        int
	RequestBytes  int64 // of the body
	ResponseBytes int64 // likewise
	HeldRequest   int64 // bytes of the request's body that were held in a file
	HeldResponse  int64 // bytes of the response that were, as the client got them

	Times Times
	Tries Tries

	Reason string // one word for what ended it, where that is not a complete response
	Side   string // which side caused that
	Err    string // that in words for people
}

// isTrouble reports whether a request is one that always leaves a line.
func (r *Record) isTrouble() bool { return r.Status >= 400 || r.Reason != "" }

// Times are how long a request took. A part that it did not have is Never.
type Times struct {
	Total     time.Duration
	Head      time.Duration // until its head was complete
	Queue     time.Duration // that it waited for a worker
	Connect   time.Duration // that the last connect took
	FirstByte time.Duration // until the response's head was complete
	Receive   time.Duration // until the request was whole, its body included
	Send      time.Duration // from the last byte of the worker's response until the client had all of it
}

// Never stands for a span that a request did not have.
const Never time.Duration = -1

// TriesNoted is how many tries of one request the log has the statuses of.
const TriesNoted = 4

// Tries are the workers that had a request.
type Tries struct {
	Worker   string // that had it last; empty is none
	PID      int    // its process; 0 is not known
	Count    int
	Statuses [TriesNoted]uint16 // of each; for one that failed what its failure alone would have been answered with
	Reused   bool               // the last one went over a kept connection
}

// Head is what the log needs of a request's head, copied to a buffer of its own because the head's is used again.
type Head struct {
	text                                                    []byte
	methodEnd, targetEnd, hostEnd, refererEnd, userAgentEnd int // in text; behind them stands the request's id
	excluded                                                bool
}

// How much of what a client says one line has, in bytes before escaping: enough for people, too little for a client
// to fill the log. With the method, which has 32 bytes at most, it is one of the smallest buffers.
const (
	loggedTargetBytes = 1536
	loggedHostBytes   = 256
	loggedFieldBytes  = 1024
	loggedIDBytes     = 128
)

// Excerpt is what the log needs of a request's head, where it lies.
type Excerpt struct {
	method, target, host, referer, userAgent, id []byte
	excluded                                     bool
}

// Excerpt finds what the log will need of the head in r.
func (w *Writer) Excerpt(r *http1.Request) (e Excerpt) {
	for i := range r.Fields {
		switch f := &r.Fields[i]; f.ID {
		case http1.FieldReferer:
			e.referer = cut(f.Value, loggedFieldBytes)
		case http1.FieldUserAgent:
			e.userAgent = cut(f.Value, loggedFieldBytes)
		case http1.FieldXRequestID:
			e.id = cut(f.Value, loggedIDBytes)
		default:
		}
	}
	e.method, e.target, e.host = r.Method, cut(r.Target, loggedTargetBytes), cut(r.Host, loggedHostBytes)
	e.excluded = w.excludes(r.Origin)
	return e
}

func cut(b []byte, most int) []byte { return b[:min(len(b), most)] }

// Size is how many bytes a copy takes.
func (e *Excerpt) Size() int {
	return len(e.method) + len(e.target) + len(e.host) + len(e.referer) + len(e.userAgent) + len(e.id)
}

// CopyTo copies e to b, which is empty and has room for it.
func (e *Excerpt) CopyTo(b []byte) Head {
	h := Head{excluded: e.excluded}
	b = append(b, e.method...)
	h.methodEnd = len(b)
	b = append(b, e.target...)
	h.targetEnd = len(b)
	b = append(b, e.host...)
	h.hostEnd = len(b)
	b = append(b, e.referer...)
	h.refererEnd = len(b)
	b = append(b, e.userAgent...)
	h.userAgentEnd = len(b)
	h.text = append(b, e.id...)
	return h
}

// Buffer is the buffer that h lies in, to be used again.
func (h *Head) Buffer() []byte { return h.text }

func (h *Head) method() []byte    { return h.text[:h.methodEnd] }
func (h *Head) target() []byte    { return h.text[h.methodEnd:h.targetEnd] }
func (h *Head) host() []byte      { return h.text[h.targetEnd:h.hostEnd] }
func (h *Head) referer() []byte   { return h.text[h.hostEnd:h.refererEnd] }
func (h *Head) userAgent() []byte { return h.text[h.refererEnd:h.userAgentEnd] }
func (h *Head) id() []byte        { return h.text[h.userAgentEnd:] }
