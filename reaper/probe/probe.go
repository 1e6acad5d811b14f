package probe

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"percore/reaper/socket"
)

// Pauses between attempts: the first is short because a Go or Node worker is up within milliseconds, the last
// keeps sixty seconds of a slow start at a few hundred attempts.
const (
	pauseFirst = 5 * time.Millisecond
	PauseMax   = 250 * time.Millisecond // after which a worker that is ready is found to be so at the latest
)

// statusBytesMax is as much of an answer as is read: the status line's first 12 bytes decide.
const statusBytesMax = 12

// Until attempts until one attempt succeeds (true) or ctx ends (false).
func Until(ctx context.Context, attempt func(context.Context) error) bool {
	pause := pauseFirst
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
		}
		bounded, cancel := context.WithTimeout(ctx, attemptMax)
		err := attempt(bounded)
		cancel()
		if err == nil {
			return true
		}
		timer.Reset(pause)
		pause = min(pause*3/2, PauseMax)
	}
}

// Dial is one attempt on a real port or socket.
func Dial(ctx context.Context, c Check, address string) error {
	conn, err := connect(ctx, address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if c.Kind != HTTP {
		return nil
	}
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return err
		}
	}
	// The probe must not outlive its incarnation, whose end cancels ctx.
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	return getStatus(conn, c.Path)
}

// connect connects to host:port or unix:/path.
func connect(ctx context.Context, address string) (net.Conn, error) {
	if path, isUnix := strings.CutPrefix(address, socket.Prefix); isUnix {
		return socket.Dial(ctx, path)
	}
	return new(net.Dialer).DialContext(ctx, "tcp", address)
}

func getStatus(conn net.Conn, path string) error {
	host := conn.RemoteAddr().String()
	if conn.RemoteAddr().Network() == "unix" {
		host = "localhost"
	}
	_, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: percore\r\nConnection: close\r\n\r\n",
		path, host)
	if err != nil {
		return fmt.Errorf("send the readiness request: %w", err)
	}
	var buf [statusBytesMax]byte
	n := 0
	for n < len(buf) {
		m, err := conn.Read(buf[n:])
		if n += m; err != nil {
			return fmt.Errorf("read the status line: %w", err)
		}
	}
	return checkStatus(string(buf[:]))
}

// checkStatus wants "HTTP/1.x 2" or "HTTP/1.x 3" (RFC 9112 section 4).
func checkStatus(line string) error {
	if line[:len("HTTP/1.")] != "HTTP/1." || line[8] != ' ' {
		return fmt.Errorf("%w: the answer is not HTTP/1", ErrUnwell)
	}
	if class := line[9]; class != '2' && class != '3' {
		return fmt.Errorf("%w: status %s", ErrUnwell, line[9:])
	}
	return nil
}
