package load

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// refusedPause keeps a client that is refused from asking a million times a second.
const refusedPause = 2 * time.Millisecond

// client asks one request after the other, on one connection at a time.
type client struct {
	run  *Run
	conn net.Conn // nil while there is none
	in   *bufio.Reader
	used bool // the connection has carried an answer
}

// attempt is what came of one request.
type attempt struct {
	kind   Kind
	status int   // 0 without an answer
	err    error // nil when kind is OK
	began  time.Time
	took   time.Duration
	sent   bool // at least a byte of the request was handed to the kernel
	reused bool // the connection had carried an answer before
	body   []byte
}

// ask goes on until the load is stopped.
func (c *client) ask() {
	defer c.close()
	for c.run.context.Err() == nil {
		a := c.once()
		c.run.note(a)
		pause := c.run.options.Pause
		if a.kind == Refused {
			pause = max(pause, refusedPause)
		}
		if pause > 0 {
			select {
			case <-time.After(pause):
			case <-c.run.context.Done():
			}
		}
	}
}

// once sends one request and awaits its answer. Nothing is ever sent twice.
func (c *client) once() attempt {
	c.dropIfEnded()
	a := attempt{began: time.Now()}
	if err := c.connect(a.began.Add(c.run.options.Timeout)); err != nil {
		a.kind, a.err = dialKind(err), err
	} else {
		a.reused = c.used
		c.exchange(&a)
	}
	a.took = time.Since(a.began)
	if a.kind != OK && a.kind != WrongStatus && a.kind != WrongBody {
		c.close()
	}
	return a
}

// dropIfEnded gives up a kept connection that the other side has closed meanwhile, as every careful client does.
func (c *client) dropIfEnded() {
	if c.conn == nil {
		return
	}
	if err := ended(c.conn); err != nil {
		c.run.noteIdle(err)
		c.close()
	}
}

func (c *client) connect(deadline time.Time) error {
	if c.conn != nil {
		return c.conn.SetDeadline(deadline)
	}
	dialer := net.Dialer{Deadline: deadline, KeepAlive: -1}
	conn, err := dialer.DialContext(c.run.context, "tcp", c.run.options.Address)
	if err != nil {
		return err
	}
	c.run.noteConnection()
	c.conn, c.in, c.used = conn, bufio.NewReader(conn), false
	return conn.SetDeadline(deadline)
}

func (c *client) close() {
	if c.conn != nil {
		_ = c.conn.Close()
		c.conn = nil
	}
}

// exchange sends the request and judges the answer. A server may answer before it has read everything, so that an
// answer is looked for even when the request could not be written whole.
func (c *client) exchange(a *attempt) {
	n, writeErr := c.conn.Write(c.run.request)
	a.sent = n > 0
	response, err := c.readAnswer(a)
	if err != nil {
		if writeErr != nil {
			err = errors.Join(writeErr, err)
		}
		a.err = err
		return
	}
	c.used = true
	c.judge(a, response)
	if !c.run.options.KeepAlive || response.Close || writeErr != nil {
		c.close()
	}
}

// readAnswer reads a whole answer into a, past those that are only interim (RFC 9110 section 15.2).
func (c *client) readAnswer(a *attempt) (*http.Response, error) {
	for {
		if _, err := c.in.Peek(1); err != nil {
			a.kind = readKind(err, false)
			return nil, fmt.Errorf("await answer: %w", err)
		}
		response, err := http.ReadResponse(c.in, &http.Request{Method: c.run.options.Method})
		if err != nil {
			if _, end := c.in.Peek(1); errors.Is(end, io.EOF) {
				err = errors.Join(end, err) // a field that was cut looks malformed to ReadResponse
			}
			a.kind = readKind(err, true)
			return nil, fmt.Errorf("read head of answer: %w", err)
		}
		if response.StatusCode >= 100 && response.StatusCode < 200 {
			continue
		}
		if a.body, err = io.ReadAll(response.Body); err != nil {
			a.kind = readKind(err, true)
			return nil, fmt.Errorf("read body of answer after %d bytes: %w", len(a.body), err)
		}
		a.status = response.StatusCode
		return response, nil
	}
}

// judge compares a whole answer with what was wanted.
func (c *client) judge(a *attempt, response *http.Response) {
	wanted := &c.run.options
	switch err := wanted.Check(a.body); {
	case a.status != wanted.Status:
		a.kind, a.err = WrongStatus, fmt.Errorf("status %s: %.200q", response.Status, a.body)
	case err != nil:
		a.kind, a.err = WrongBody, fmt.Errorf("body %.200q: %w", a.body, err)
	case c.in.Buffered() > 0:
		rest, _ := c.in.Peek(min(c.in.Buffered(), 200)) // what is buffered can be peeked
		a.kind, a.err = Surplus, fmt.Errorf("answer is followed by %q", rest)
	}
}
