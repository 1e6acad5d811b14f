package load

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// crowdTick is between two pieces of a slow client. The clients' ticks are spread over it, so that no moment has all.
	crowdTick = 100 * time.Millisecond
	// crowdWindow is the receive buffer of a slow reader: what it does not read stays on the proxy's side.
	crowdWindow = 16 << 10
)

// CrowdSpec is a number of slow clients. Each uploads a body, of which the first half goes at once, or reads a long answer
// from its beginning; then it goes on at its rate, and never ends within its time.
type CrowdSpec struct {
	Clients int
	Upload  int64         // bytes of the body; 0 for readers
	Answer  int64         // bytes of the answer, of readers
	Rate    int64         // bytes per second
	Service time.Duration // for which the worker of each sleeps
}

// Crowd are the slow clients of one address.
type Crowd struct {
	CrowdSpec
	Address string

	all         sync.WaitGroup
	begun, lost atomic.Int64
}

// Start has all of them begin. They end with the context.
func (c *Crowd) Start(ctx context.Context) {
	for i := range c.Clients {
		c.all.Go(func() {
			if err := c.run(ctx, i); err != nil && ctx.Err() == nil {
				c.lost.Add(1)
			}
		})
	}
}

// Wait returns when all have ended.
func (c *Crowd) Wait() { c.all.Wait() }

// Begun counts those that have sent half of their body, or have got the first byte of their answer.
func (c *Crowd) Begun() int { return int(c.begun.Load()) }

// Lost counts those that were cut off or got an answer before they ended.
func (c *Crowd) Lost() int { return int(c.lost.Load()) }

func (c *Crowd) run(ctx context.Context, i int) error {
	conn, err := c.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })() // ends what it waits for
	if c.Upload > 0 {
		return c.upload(ctx, conn, i)
	}
	return c.read(ctx, conn, i)
}

// dial connects. The small window has to be set before: it is agreed upon with the first packet.
func (c *Crowd) dial(ctx context.Context) (net.Conn, error) {
	dialer := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) (err error) {
		if c.Upload > 0 {
			return nil
		}
		controlErr := raw.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, crowdWindow)
		})
		if controlErr != nil {
			return controlErr
		}
		return err
	}}
	return dialer.DialContext(ctx, "tcp", c.Address)
}

func (c *Crowd) upload(ctx context.Context, conn net.Conn, i int) error {
	_, err := fmt.Fprintf(conn, "POST /%d HTTP/1.1\r\nHost: bench.example\r\nContent-Length: %d\r\n\r\n",
		c.Service.Microseconds(), c.Upload)
	if err != nil {
		return err
	}
	piece := make([]byte, c.Upload)
	half := c.Upload / 2
	if _, err := conn.Write(piece[:half]); err != nil {
		return err
	}
	c.begun.Add(1)
	sent := half
	return c.tick(ctx, i, func(elapsed time.Duration) error {
		n, err := conn.Write(piece[:c.due(half, c.Upload, elapsed)-sent])
		sent += int64(n)
		return err
	})
}

func (c *Crowd) read(ctx context.Context, conn net.Conn, i int) error {
	_, err := fmt.Fprintf(conn, "GET /%d/%d HTTP/1.1\r\nHost: bench.example\r\n\r\n", c.Service.Microseconds(), c.Answer)
	if err != nil {
		return err
	}
	if _, err := io.CopyN(io.Discard, conn, 1); err != nil {
		return err
	}
	c.begun.Add(1)
	got := int64(1)
	return c.tick(ctx, i, func(elapsed time.Duration) error {
		n, err := io.CopyN(io.Discard, conn, c.due(1, c.Answer, elapsed)-got)
		got += n
		return err
	})
}

// due is how many bytes of a body have to be sent or read by now. The last byte never is.
func (c CrowdSpec) due(first, length int64, elapsed time.Duration) int64 {
	return min(first+int64(elapsed.Seconds()*float64(c.Rate)), length-1)
}

// offset is when the ticks of a client begin, so that those of all are spread evenly.
func (c CrowdSpec) offset(i int) time.Duration {
	return crowdTick * time.Duration(i) / time.Duration(c.Clients)
}

// tick calls f at each tick of a client, with the time since its first, until f fails or the context ends.
func (c *Crowd) tick(ctx context.Context, i int, f func(elapsed time.Duration) error) error {
	if !Pause(ctx, c.offset(i)) {
		return nil
	}
	ticker := time.NewTicker(crowdTick)
	defer ticker.Stop()
	for start := time.Now(); ; {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		if err := f(time.Since(start)); err != nil {
			return err
		}
	}
}
