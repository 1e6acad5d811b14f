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

	"golang.org/x/sys/unix"

	"percore/lbproxy/http1"
	"percore/lbproxy/socket"
)

func TestAConnectionIsNotUsedPastWhatItsWorkerSays(t *testing.T) {
	tests := []struct {
		value string
		want  int32
	}{
		{"timeout=5", 5000},
		{"timeout=5, max=100", 5000},
		{"Timeout=65", 65000},
		{"timeout=0", 1},
		{"timeout=", 1},
		{"timeout=99999999999999999999", 9999990},
		{"max=100", 0},
		{"", 0},
	}
	for _, test := range tests {
		var u conn
		u.noteIdleTime([]http1.Field{{ID: http1.FieldKeepAlive, Value: []byte(test.value)}})
		if test.want == 9999990 { // whatever the bound makes of it
			if u.idleMillis < 100_000_000 {
				t.Errorf("%q: got %d ms, want very long", test.value, u.idleMillis)
			}
			continue
		}
		if u.idleMillis != test.want {
			t.Errorf("%q: got %d ms, want %d", test.value, u.idleMillis, test.want)
		}
	}
}

func TestAWorkerThatKeepsConnectionsForNoTimeGetsAFreshOneEachTime(t *testing.T) {
	for value, want := range map[string]string{"timeout=0": "2", "timeout=60": "1"} {
		r := newRig(t, nil)
		s := newStub(t, func(q *stubRequest) bool {
			body := fmt.Sprint(q.conn)
			return q.say("HTTP/1.1 200 OK\r\nKeep-Alive: %s\r\nContent-Length: %d\r\n\r\n%s", value, len(body), body)
		})
		r.workers(s.address)
		c := r.client()
		c.wantOpen("1")
		c.wantOpen(want)
	}
}

func TestAKeptConnectionEndsInTime(t *testing.T) {
	for name, wear := range map[string]func(l *loop, u *conn){
		"after a thousand requests": func(_ *loop, u *conn) { u.uses = usesMax - 1 },
		"after an hour":             func(l *loop, u *conn) { u.born = l.now - ageMillisMax },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			s := newStub(t, func(q *stubRequest) bool { return q.ok(fmt.Sprint(q.conn)) })
			r.workers(s.address)
			c := r.client()
			c.wantOpen("1")
			r.onLoop(func(l *loop) { wear(l, l.conns.at(l.services[0].pools.of[0].head)) })
			c.wantOpen("1") // its last
			c.wantOpen("2")
		})
	}
}

func TestTheLastFailureDecidesTheStatus(t *testing.T) {
	r := newRig(t, func(o *Options) {
		o.Services[0].ProxyConnectTimeout, o.Services[0].QueueTimeout = 60*time.Millisecond, 150*time.Millisecond
	})
	r.workers(deaf(t))
	r.client().do(getRequest).want(t, 504, "~did not take the connection in time")
}

func TestAWorkerOnAUnixSocketThatIsNotThereYetIsWaitedFor(t *testing.T) {
	r := newRig(t, nil)
	path := filepath.Join(t.TempDir(), "w")
	r.workers("unix:" + path)
	c := r.client().send(post("abc"))
	eventually(t, "it was refused and waits", func() bool { return r.proxy.services[0].Waiting() == 1 })
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		w, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = w.Read(make([]byte, 4096))
		_, _ = w.Write([]byte(okResponse("here")))
	}()
	c.read("POST").want(t, 200, "here")
}

// TestAUnixSocketWithAFullBacklogIsBusyNotBroken fills the queue of a worker that does not accept.
func TestAUnixSocketWithAFullBacklogIsBusyNotBroken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w")
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	waiting, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer waiting.Close()
	r := newRig(t, func(o *Options) { o.Services[0].QueueTimeout = 250 * time.Millisecond })
	r.workers("unix:" + path)
	a := r.client().do(post("abc"))
	a.want(t, 503, "~too many connections wait for the worker")
	if a.Header.Get("Retry-After") == "" {
		t.Error("a 503 comes without Retry-After")
	}
	r.workers("unix:"+path, newStub(t, constant("ok")).address)
	r.warm()
	c := r.client()
	for range 10 {
		c.wantOpen("ok")
	}
	if r.worker(0).Served() < 5 || r.isOut(0) {
		t.Errorf("got %d tries, and the worker taken out: %v; want a full backlog to be no failure", r.worker(0).Served(), r.isOut(0))
	}
}

// TestAConnectionWithoutTheEndOfItsRequestIsNotUsedAgain has a worker that answers an upload before it reads it, keeps
// its connection and then reads the rest, as servers do. The client has sent everything, but the worker's socket has
// not taken the end of it. Whatever came next on that connection, the worker would take for that end: another client's
// request for a part of this one's body.
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
	r := newRig(t, streams)
	r.workers(socket.UnixPrefix + path)
	piece := strings.Repeat("x", 16<<10)
	upload := func(path string, pieces, length int) (*caller, int) {
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
	case <-time.After(patience):
		t.Error("the next request: got none at the worker, which takes it for the end of the upload")
	}
}

// answerEarly serves a worker's connection: it answers each request with its path when that is asked for, and reads
// the body then.
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
		_, _ = io.WriteString(c, okResponse(path))
		<-drain
		if _, err := io.Copy(io.Discard, request.Body); err != nil {
			return
		}
	}
}

// pendingToWorkers is how many bytes wait for workers whose sockets are full, once the loop has handled what had
// arrived.
func (r *rig) pendingToWorkers() (n int) {
	r.fewTurns()
	r.onLoop(func(l *loop) {
		for _, x := range l.exchanges.all {
			n += x.request.unsent.Pending()
		}
	})
	return n
}
