package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// sleeperBody is the length of every answer of sleeper.c.
const sleeperBody = 64

// Arrival is one request of a plan: when it is sent, and for how long its worker sleeps.
type Arrival struct {
	At, Service time.Duration
}

// Reply is what became of an arrival.
type Reply struct {
	Latency time.Duration // from the scheduled moment of sending, however late it was sent
	Late    time.Duration // how late it was sent
	Status  int           // 0 when there was no answer, or one that is wrong
}

// Open sends requests at the times of a plan, whatever the answers do: a proxy that stalls meets the same requests as one
// that does not, and their waiting counts (unlike in a closed loop, which would wait with it). Clients keep their connections.
type Open struct {
	Address  string
	Patience time.Duration // after it a client hangs up

	mu   sync.Mutex // guards idle
	idle []*openConn
}

type openConn struct {
	net.Conn
	in *bufio.Reader
}

// Run returns one reply per arrival, in the plan's order, once all of them are over.
func (o *Open) Run(ctx context.Context, start time.Time, plan []Arrival) []Reply {
	replies := make([]Reply, len(plan))
	var all sync.WaitGroup
	for i := range plan {
		if !Pause(ctx, time.Until(start.Add(plan[i].At))) {
			break
		}
		all.Go(func() { replies[i] = o.request(start.Add(plan[i].At), plan[i].Service) })
	}
	all.Wait()
	for _, c := range o.idle {
		_ = c.Close() // nothing is in flight
	}
	return replies
}

func (o *Open) request(scheduled time.Time, service time.Duration) Reply {
	r := Reply{Late: time.Since(scheduled)}
	c, err := o.take()
	if err == nil {
		_ = c.SetDeadline(scheduled.Add(o.Patience)) // an error shows in the exchange
		r.Status, err = c.exchange(service)
	}
	r.Latency = time.Since(scheduled)
	if err == nil {
		o.give(c)
		return r
	}
	if c != nil {
		_ = c.Close() // it failed already
	}
	return r
}

func (o *Open) take() (*openConn, error) {
	if c := o.reuse(); c != nil {
		return c, nil
	}
	c, err := net.DialTimeout("tcp", o.Address, o.Patience)
	if err != nil {
		return nil, err
	}
	return &openConn{c, bufio.NewReader(c)}, nil
}

// reuse returns the connection that was idle last, or nil.
func (o *Open) reuse() *openConn {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := len(o.idle)
	if n == 0 {
		return nil
	}
	c := o.idle[n-1]
	o.idle = o.idle[:n-1]
	return c
}

func (o *Open) give(c *openConn) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.idle = append(o.idle, c)
}

// exchange returns the status of an answer; a 200 has to be the worker's whole answer to this request.
func (c *openConn) exchange(service time.Duration) (int, error) {
	micros := strconv.FormatInt(service.Microseconds(), 10)
	if _, err := io.WriteString(c, "GET /"+micros+" HTTP/1.1\r\nHost: bench.example\r\nUser-Agent: openloop/1.0\r\n\r\n"); err != nil {
		return 0, err
	}
	resp, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return 0, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	if resp.StatusCode == http.StatusOK && string(body) != fmt.Sprintf("%-*s", sleeperBody, micros) {
		return 0, errors.New("wrong answer")
	}
	if resp.Close {
		return resp.StatusCode, errors.New("the proxy closes")
	}
	return resp.StatusCode, nil
}

// Pause waits, and reports whether the context is still alive.
func Pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
