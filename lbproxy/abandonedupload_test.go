package lbproxy

import (
	"bufio"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestAnAnswerOutlivesTheUploadThatItsWorkerRefused has a worker that shuts down its receiving side, so that the rest of the upload can
// go nowhere, and answers slowly. The client is not read any more, so it cannot be late with its body.
func TestAnAnswerOutlivesTheUploadThatItsWorkerRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "worker")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	const words = 10
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		readHead(bufio.NewReader(c))
		_ = c.(*net.UnixConn).CloseRead()
		_, _ = io.WriteString(c, "HTTP/1.1 413 Content Too Large\r\nTransfer-Encoding: chunked\r\n\r\n")
		for range words {
			time.Sleep(100 * time.Millisecond)
			_, _ = io.WriteString(c, "4\r\nword\r\n")
		}
		_, _ = io.WriteString(c, "0\r\n\r\n")
	}()
	r := newRig(t, func(o *Options) { o.ClientBodyBufferSize, o.ClientBodyTimeout = 0, 400*time.Millisecond })
	r.workers(unixPrefix + path)
	c := r.client().send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("x", 5000))
	c.read("POST").want(t, 413, strings.Repeat("word", words))
}
