package lbproxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestAConnectionWithoutTheEndOfItsRequestIsNotUsedAgain has a worker that answers an upload before it reads it, keeps its connection and
// then reads the rest, as servers do. The client has sent everything, but the worker's socket has not taken the end of it. Whatever
// came next on that connection, the worker would take for that end: somebody else's request for a part of this one's body.
func TestAConnectionWithoutTheEndOfItsRequestIsNotUsedAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "worker")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	answer := make(chan string)  // the path whose request is answered now
	drain := make(chan struct{}) // closed when the workers may read bodies
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go answerEarly(c, answer, drain)
		}
	}()
	r := newRig(t, func(o *Options) { o.ClientBodyBufferSize = 0 })
	r.workers(unixPrefix + path)
	piece := strings.Repeat("x", 16<<10)
	upload := func(path string, pieces, length int) (*client, int) {
		c := r.client().send(fmt.Sprintf("PUT %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", path, length))
		r.fewTurns()
		for i := range pieces {
			if c.send(piece); r.pendingToWorkers() > 0 {
				return c, i
			}
		}
		return c, pieces
	}
	full, fits := upload("/probe", 1000, 40_000_000) // how much the worker's socket takes
	full.Close()
	answer <- "/probe"
	c, _ := upload("/upload", fits, (fits+2)*len(piece))
	c.send(piece + piece)
	eventually(t, "the whole request is here, and its end is not sent", func() bool { return r.pendingToWorkers() > 0 })
	answer <- "/upload"
	c.read("PUT").want(t, 200, "/upload")
	close(drain)
	c.send("GET /next HTTP/1.1\r\nHost: x\r\n\r\n")
	select {
	case answer <- "/next":
		c.read("GET").want(t, 200, "/next")
	case <-time.After(5 * time.Second):
		t.Error("the next request: got none at the worker, which takes it for the end of the upload")
	}
}

// answerEarly serves a worker's connection: it answers each request with its path when that is asked for, and reads the body then.
func answerEarly(c net.Conn, answer <-chan string, drain <-chan struct{}) {
	defer c.Close()
	in := bufio.NewReader(c)
	for {
		request, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		path := <-answer
		if path != request.URL.Path {
			panic(fmt.Sprintf("answer for %s while %s waits", path, request.URL.Path))
		}
		_, _ = io.WriteString(c, okAnswer(path))
		<-drain
		if _, err := io.Copy(io.Discard, request.Body); err != nil {
			return
		}
	}
}

// pendingToWorkers is how many bytes wait for workers whose sockets are full, once the loop has handled what had arrived.
func (r *rig) pendingToWorkers() (n int) {
	r.fewTurns()
	r.onLoop(func(l *loop) {
		for _, x := range l.exchanges {
			n += x.toWorker.pending()
		}
	})
	return n
}
