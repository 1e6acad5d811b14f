package load

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// failuresMax bounds how many failures are kept; the counts are of all.
const failuresMax = 8

// Result is what came of a load.
type Result struct {
	Began       time.Time
	Took        time.Duration // until the result was asked for
	Statuses    map[int]int   // whole answers by status
	Connections int           // that were made
	IdleClosed  int           // kept connections that the other side closed between two requests, which it may
	IdleReset   int           // kept connections that it reset, or sent bytes on, between two requests, which it may not
	MaxLatency  time.Duration // of an answer that was right, connecting included
	Failures    []Failure     // the first few
	Body        []byte        // of the last answer

	counts [kinds]int
}

// Failure is one request that failed.
type Failure struct {
	At     time.Duration // since the load began, when the request began
	Took   time.Duration
	Kind   Kind
	Sent   bool // bytes of the request were on their way, so that the other side may have acted on it
	Reused bool // on a kept connection
	Err    error
}

// String says what failed, when, and on what kind of connection.
func (f Failure) String() string {
	where := "on a new connection"
	if f.Reused {
		where = "on a kept connection"
	}
	if !f.Sent {
		where = "nothing sent"
	}
	return fmt.Sprintf("at %v after %v, %s, %v: %v", f.At.Round(time.Millisecond), f.Took.Round(10*time.Microsecond), where, f.Kind, f.Err)
}

// Count returns how many requests ended so.
func (r Result) Count(k Kind) int { return r.counts[k] }

// OK returns how many requests were answered rightly.
func (r Result) OK() int { return r.counts[OK] }

// Failed returns how many requests failed in any way.
func (r Result) Failed() int {
	return r.Lost() + r.counts[Refused] + r.counts[NoConnection]
}

// Lost returns how many requests failed after their connection was made.
func (r Result) Lost() int {
	n := 0
	for k, count := range r.counts {
		switch Kind(k) {
		case OK, Abandoned, Refused, NoConnection:
		default:
			n += count
		}
	}
	return n
}

// String tells everything in a few lines, for the message of a test that fails.
func (r Result) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d right answers on %d connections in %v, the slowest after %v",
		r.OK(), r.Connections, r.Took.Round(time.Millisecond), r.MaxLatency.Round(10*time.Microsecond))
	if r.IdleClosed+r.IdleReset > 0 {
		fmt.Fprintf(&b, "; idle connections: %d closed, %d reset", r.IdleClosed, r.IdleReset)
	}
	for k := WrongStatus; k < kinds; k++ {
		if r.counts[k] > 0 {
			fmt.Fprintf(&b, "; %d %v", r.counts[k], k)
		}
	}
	if r.counts[WrongStatus] > 0 {
		for _, status := range slices.Sorted(maps.Keys(r.Statuses)) {
			fmt.Fprintf(&b, "; status %d: %d", status, r.Statuses[status])
		}
	}
	for _, f := range r.Failures {
		b.WriteString("\n\t" + f.String())
	}
	if more := r.Failed() - len(r.Failures); more > 0 {
		fmt.Fprintf(&b, "\n\tand %d more", more)
	}
	return b.String()
}

func (r *Result) add(a attempt) {
	r.counts[a.kind]++
	if a.status != 0 {
		r.Statuses[a.status]++
		r.Body = a.body
	}
	if a.kind == OK {
		r.MaxLatency = max(r.MaxLatency, a.took)
		return
	}
	if a.kind != Abandoned && len(r.Failures) < failuresMax {
		r.Failures = append(r.Failures, Failure{
			At: a.began.Sub(r.Began), Took: a.took, Kind: a.kind, Sent: a.sent, Reused: a.reused, Err: a.err,
		})
	}
}

func (r *Result) addIdle(ended error) {
	if errors.Is(ended, io.EOF) {
		r.IdleClosed++
	} else {
		r.IdleReset++
	}
}

// clone returns a copy that shares nothing which changes.
func (r *Result) clone(now time.Time) Result {
	c := *r
	c.Took = now.Sub(r.Began)
	c.Statuses = maps.Clone(r.Statuses)
	c.Failures = slices.Clone(r.Failures)
	return c
}
