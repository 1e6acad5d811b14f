package lbproxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// endless is an answer that outgrows every buffer on its way to a client that does not read.
func endless(c *net.TCPConn) {
	_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
	piece := make([]byte, 64<<10)
	for {
		if _, err := c.Write(piece); err != nil {
			return
		}
	}
}

// TestAClientThatReadsNothingIsCutOffWhateverItSends has answers that begin before the request has been sent. What goes on in the
// other direction must not end, or put off, the time in which the client has to take some of its answer.
func TestAClientThatReadsNothingIsCutOffWhateverItSends(t *testing.T) {
	t.Run("a held body that the worker reads late", func(t *testing.T) {
		const size = 8 << 20
		read := make(chan struct{})
		r := newRig(t, func(o *Options) { o.ClientBodyBufferSize, o.SendTimeout = 2*size, time.Second })
		r.workers(script(t, func(c *net.TCPConn, in *bufio.Reader) {
			_ = c.SetReadBuffer(4096)
			readHead(in)
			go endless(c)
			<-read
			_ = c.SetReadBuffer(4 << 20)
			_, _ = io.Copy(io.Discard, in)
		}))
		c := r.client().send(fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", size, strings.Repeat("x", size)))
		for r.pendingToClients() == 0 {
			time.Sleep(time.Millisecond)
		}
		close(read)
		r.wantCutOff(c, 5*time.Second)
	})
	t.Run("a streamed body that goes on", func(t *testing.T) {
		r := newRig(t, func(o *Options) { o.ClientBodyBufferSize, o.SendTimeout = 0, time.Second })
		r.workers(script(t, func(c *net.TCPConn, in *bufio.Reader) {
			readHead(in)
			go endless(c)
			_, _ = io.Copy(io.Discard, in)
		}))
		c := r.client().send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n")
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			for {
				select {
				case <-stop:
					return
				case <-time.After(20 * time.Millisecond):
					_, _ = io.WriteString(c.TCPConn, strings.Repeat("x", 1000))
				}
			}
		}()
		r.wantCutOff(c, 5*time.Second)
		close(stop)
		<-stopped
	})
}

// pendingToClients is how many bytes wait for clients that do not read.
func (r *rig) pendingToClients() (n int) {
	r.onLoop(func(l *loop) {
		for _, x := range l.exchanges {
			n += x.toClient.pending()
		}
	})
	return n
}

// wantCutOff checks that the front door gives the only client up in time.
func (r *rig) wantCutOff(c *client, most time.Duration) {
	r.t.Helper()
	for deadline := time.Now().Add(most); r.exchanges() > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			r.t.Fatalf("a client that reads nothing: got it still served after %v, want it cut off after the send timeout of 1s", most)
		}
	}
	_ = c.Close()
}
