// Package parsers puts servers that parse HTTP in their own ways behind the front door and compares what they see.
package parsers

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"percore/lbproxy"
	"percore/lbproxy/balance"
	"percore/lbproxy/socket"
)

// python is Debian's: one that a version manager puts in front of it does not see Debian's modules.
const python = "/usr/bin/python3"

// patience is how long anything may take on a busy machine.
const patience = 30 * time.Second

// server is a program with a parser of its own.
type server struct {
	name    string
	module  string // of Python, without which the program is missing
	command []string
}

// servers have four independent parsers: Tornado's, gunicorn's, h11, and the one of Node (httptools).
var servers = []server{
	{"tornado", "tornado", []string{python, "-B", "tornado_worker.py", "PORT"}},
	{"gunicorn", "gunicorn", []string{python, "-B", "-m", "gunicorn", "-b", "127.0.0.1:PORT", "-k", "gthread", "--threads", "4", "--keep-alive", "30", "--log-level", "error", "wsgi_worker:app"}},
	{"h11", "h11", []string{python, "-B", "h11_worker.py", "PORT"}},
	{"uvicorn with h11", "uvicorn", []string{python, "-B", "-m", "uvicorn", "--port", "PORT", "--http", "h11", "--log-level", "error", "--no-access-log", "asgi_worker:app"}},
	{"uvicorn with httptools", "httptools", []string{python, "-B", "-m", "uvicorn", "--port", "PORT", "--http", "httptools", "--log-level", "error", "--no-access-log", "asgi_worker:app"}},
}

// start runs the server on a free port and returns its address.
func (s server) start(t *testing.T) string {
	t.Helper()
	if err := exec.Command(python, "-c", "import "+s.module).Run(); err != nil {
		t.Skipf("SKIPPED: %s: %v; e2e/setup.sh test installs it", s.name, err)
	}
	address := freeAddress(t)
	_, port, _ := net.SplitHostPort(address)
	var words []string
	for _, word := range s.command {
		words = append(words, strings.ReplaceAll(word, "PORT", port))
	}
	command := exec.Command(words[0], words[1:]...)
	command.Dir = "testdata"
	command.Stderr = os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL)
		_ = command.Wait()
	})
	await(t, s.name+" to listen", func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return address
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
}

// frontDoor starts one with a single worker and returns its address.
func frontDoor(t *testing.T, worker string) string {
	t.Helper()
	address := freeAddress(t)
	listeners, err := socket.Listen(address, 1)
	if err != nil {
		t.Fatal(err)
	}
	ready := make(chan struct{}, 100)
	p, err := lbproxy.New(lbproxy.DefaultOptions(), listeners, slog.New(slog.DiscardHandler), io.Discard, func(lbproxy.Report) { ready <- struct{}{} })
	if err != nil {
		t.Fatal(err)
	}
	finished := make(chan error, 1)
	go func() { finished <- p.Run() }()
	t.Cleanup(func() { p.Close(); <-finished })
	endpoint := balance.Endpoint{Name: "worker", Address: worker, Incarnation: 1, State: balance.Up}
	if err := p.Apply(lbproxy.Snapshot{Seq: 1, Endpoints: []balance.Endpoint{endpoint}}); err != nil {
		t.Fatal(err)
	}
	return address
}

// netHTTP is Go's own server, which says what it saw as the others do.
func netHTTP(t *testing.T) string {
	t.Helper()
	count := 0
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		count++
		w.Header().Set("X-Seen", spell(count, r, body))
		w.Header().Set("Content-Length", "2")
		_, _ = io.WriteString(w, "ok")
	}))
	s.Config.DisableGeneralOptionsHandler = true // net/http would answer OPTIONS * without us
	s.Start()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func (m message) String() string {
	return fmt.Sprintf("%s %s %q %v", m.Method, m.Target, m.Body, m.Fields)
}
