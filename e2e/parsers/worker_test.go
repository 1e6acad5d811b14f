// Package parsers puts servers that parse HTTP in their own ways behind the front door and compares what they see.
package parsers

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"percore/e2e/program"
	"percore/e2e/rig"
	"percore/lbproxy"
	"percore/lbproxy/balance"
	"percore/lbproxy/socket"
)

// server is a program with a parser of its own.
type server struct {
	name    string
	module  string // of Python, without which the program is missing
	command []string
}

// servers have four independent parsers: Tornado's, gunicorn's, h11, and the one of Node (httptools).
var servers = []server{
	{"tornado", "tornado", []string{program.Python, "-B", "tornado_worker.py", "PORT"}},
	{
		"gunicorn", "gunicorn",
		[]string{
			program.Python, "-B", "-m", "gunicorn", "-b", "127.0.0.1:PORT", "-k", "gthread", "--threads", "4",
			"--keep-alive", "30", "--log-level", "error", "wsgi_worker:app",
		},
	},
	{"h11", "h11", []string{program.Python, "-B", "h11_worker.py", "PORT"}},
	{
		"uvicorn with h11", "uvicorn",
		[]string{program.Python, "-B", "-m", "uvicorn", "--port", "PORT", "--http", "h11", "--log-level", "error", "--no-access-log", "asgi_worker:app"},
	},
	{
		"uvicorn with httptools", "httptools",
		[]string{program.Python, "-B", "-m", "uvicorn", "--port", "PORT", "--http", "httptools", "--log-level", "error", "--no-access-log", "asgi_worker:app"},
	},
}

// start runs the server on a free port and returns its address.
func (s server) start(t *testing.T) string {
	t.Helper()
	rig.Need(t, s.name, program.Python, "-c", "import "+s.module)
	address := freeAddress(t)
	_, port, _ := net.SplitHostPort(address)
	var words []string
	for _, word := range s.command {
		words = append(words, strings.ReplaceAll(word, "PORT", port))
	}
	command := exec.Command(words[0], words[1:]...)
	command.Dir = "testdata"
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	rig.Start(t, command)
	rig.Await(t, s.name+" to listen", func() bool { return program.Accepts(address) })
	return address
}

func freeAddress(t *testing.T) string { return program.Loopback(rig.FreePorts(t, 1)) }

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
