package lbproxy

import (
	"bufio"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
)

// TestAClientThatSendsOnGetsTheLastWordsOfATunnel has a worker that says something and closes, while its client, which is slow to
// read, goes on sending: that meets a closed socket, which is no reason to lose what the worker has said. The socket is a unix
// one, where the kernel keeps all that was said.
func TestAClientThatSendsOnGetsTheLastWordsOfATunnel(t *testing.T) {
	last := strings.Repeat("z", 250_000) + "last words"
	path := filepath.Join(t.TempDir(), "worker")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		r := bufio.NewReader(c)
		readHead(r)
		_, _ = io.WriteString(c, switching)
		_, _ = io.ReadFull(r, make([]byte, len("start")))
		_, _ = io.WriteString(c, last)
	}()
	r := newRig(t, nil)
	r.workers(unixPrefix + path)
	c := r.tunnel("start")
	<-closed
	for range 3 { // each of which the front door sees alone
		_, _ = io.WriteString(c.TCPConn, "more") // an error shows below
		r.fewTurns()
	}
	if got, err := io.ReadAll(c.in); err != nil || string(got) != last {
		t.Errorf("read: got %d bytes and error %v, want all %d and a FIN", len(got), err, len(last))
	}
}
