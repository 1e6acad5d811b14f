package hold

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"time"

	"percore/e2e/proc"
)

// client says and takes what it is told to, and no more.
type client struct {
	*service
	conn net.Conn
	in   *bufio.Reader
	rest []byte // of its upload, on the wire
}

// clientBytes is what the kernel takes of an answer for a client: it is fixed, so that 20 MB do not fit in between.
const clientBytes = 64 << 10

// clientTime is when a client gives up at last.
const clientTime = 10 * time.Minute

// client connects, from an address of 127.0.0.0/8.
func (s *service) client(from string) *client {
	s.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Control: bound}
	conn, err := dialer.Dial("tcp", s.Address)
	if err != nil {
		s.Fatal(err)
	}
	_ = conn.SetDeadline(time.Now().Add(clientTime))
	s.Cleanup(func() { _ = conn.Close() })
	return &client{service: s, conn: conn, in: bufio.NewReaderSize(conn, 16)}
}

// bound bounds what the kernel takes of an answer, before there is a connection.
func bound(_, _ string, raw syscall.RawConn) (err error) {
	_ = raw.Control(func(fd uintptr) { // man 7 socket: the kernel doubles it
		err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, clientBytes/2)
	})
	return err
}

// here is the address of most clients.
const here = "127.0.0.1"

// framings are the two ways to send a body.
var framings = []struct {
	name    string
	chunked bool
}{{"with its length", false}, {"in chunks", true}}

// say sends bytes.
func (c *client) say(b []byte) {
	c.Helper()
	if _, err := c.conn.Write(b); err != nil {
		c.Fatalf("send %d bytes: %v", len(b), err)
	}
}

// ask sends a request without a body.
func (c *client) ask(method, path string) {
	c.Helper()
	c.say(fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: a\r\n\r\n", method, path))
}

// beginUpload sends a head and a part of the body, and waits until the front door has read it where there is a part.
func (c *client) beginUpload(method, path string, body []byte, chunked bool, part int) {
	c.Helper()
	head := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\n", method, path)
	if chunked {
		c.rest = inChunks(body)
		head += "Transfer-Encoding: chunked\r\n\r\n"
	} else {
		c.rest = body
		head += "Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n"
	}
	c.say(append([]byte(head), c.rest[:part]...))
	if c.rest = c.rest[part:]; part > 0 {
		c.settle()
	}
}

const chunkBytesMax = 100_000

// inChunks frames a body in chunks of many sizes.
func inChunks(body []byte) []byte {
	var b bytes.Buffer
	for size := 1; len(body) > 0; size = min(size*3+1, chunkBytesMax) {
		n := min(size, len(body))
		fmt.Fprintf(&b, "%x\r\n%s\r\n", n, body[:n])
		body = body[n:]
	}
	b.WriteString("0\r\n\r\n")
	return b.Bytes()
}

// settle waits until the front door has read all that was sent.
func (c *client) settle() {
	c.Helper()
	local := c.conn.LocalAddr().(*net.TCPAddr).Port
	c.Await("the front door to read what was sent", func() bool {
		isServed := false
		for _, s := range proc.Sockets(os.Getpid()) { // of clients at other addresses, too, that have the same port
			isClients := s.Port == local && s.Peer == c.Port()
			isServers := s.Port == c.Port() && s.Peer == local
			if isClients && s.Unsent > 0 || isServers && s.Unread > 0 {
				return false
			}
			isServed = isServed || isServers
		}
		return isServed
	})
}

// finish sends the rest.
func (c *client) finish() {
	c.Helper()
	c.say(c.rest)
	c.rest = nil
}

// awaitByte waits for the first byte of an answer, and leaves it where it is.
func (c *client) awaitByte() {
	c.Helper()
	if _, err := c.in.Peek(1); err != nil {
		c.Fatalf("wait for an answer: %v", err)
	}
}

// wantNothing wants no answer and no end of the connection so far.
func (c *client) wantNothing() {
	c.Helper()
	raw, err := c.conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		c.Fatal(err)
	}
	_ = raw.Control(func(fd uintptr) {
		b := make([]byte, 100)
		n, _, err := syscall.Recvfrom(int(fd), b, syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		if !errors.Is(err, syscall.EAGAIN) {
			c.Errorf("the slow client: got %q and %v, want no answer yet", b[:max(n, 0)], err)
		}
	})
}

// answer reads a whole answer.
func (c *client) answer() (*http.Response, []byte) {
	c.Helper()
	response, err := http.ReadResponse(c.in, nil)
	if err != nil {
		c.Fatalf("read the answer: %v", err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		c.Fatalf("read the answer's body: %v after %d bytes", err, len(body))
	}
	return response, body
}

// wantStatus reads an answer and wants it to have a status.
func (c *client) wantStatus(status int) *http.Response {
	c.Helper()
	response, body := c.answer()
	if response.StatusCode != status {
		c.Errorf("got %s and %.200q, want %d", response.Status, body, status)
	}
	return response
}

// wantEcho reads an answer and wants the application to have got that body.
func (c *client) wantEcho(method string, body []byte) echo {
	c.Helper()
	response, text := c.answer()
	if response.StatusCode != http.StatusOK {
		c.Fatalf("%s: got %s and %.200q, want 200", method, response.Status, text)
	}
	e, err := parseEcho(text)
	if err == nil {
		err = e.differs(method, body, true)
	}
	if err != nil {
		c.Error(err)
	}
	return e
}

// wantLarge reads the answer to GET /large.
func (c *client) wantLarge() {
	c.Helper()
	response, body := c.answer()
	if response.StatusCode != http.StatusOK || !bytes.Equal(body, content[:largeBytes]) {
		c.Errorf("the slow reader: got %s and %d bytes, want the %d of the file", response.Status, len(body), largeBytes)
	}
}

// echo is what an application saw of a request.
type echo struct {
	Method, Length, Coding, SHA256 string
	Bytes, PID                     int
}

func parseEcho(text []byte) (e echo, err error) {
	if err = json.Unmarshal(text, &e); err != nil {
		err = fmt.Errorf("parse %.200q: %w", text, err)
	}
	return e, err
}

// differs says in what way a request that was seen is another than the one that was sent, or has no length. A file in
// a form is not all of the body.
func (e echo) differs(method string, body []byte, all bool) error {
	sum := sha256.Sum256(body)
	length, err := strconv.Atoi(e.Length)
	switch {
	case e.Method != method, e.Bytes != len(body), e.SHA256 != hex.EncodeToString(sum[:]):
		return fmt.Errorf("the application saw %s with %d bytes (%.8s), want %s with the %d that were sent (%.8s)",
			e.Method, e.Bytes, e.SHA256, method, len(body), hex.EncodeToString(sum[:]))
	case err != nil, all && length != len(body), e.Coding != "":
		return fmt.Errorf("%s: the application saw the length %q and the coding %q, want %d and none",
			method, e.Length, e.Coding, len(body))
	}
	return nil
}
