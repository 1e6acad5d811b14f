package siege

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// serve answers every request as a handler says, until the test ends, and returns the address.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func TestGuestsComeOnNewConnectionsAndOnAKeptOne(t *testing.T) {
	var connections, requests atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		fmt.Fprint(w, "ok")
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	got := Invite(server.Listener.Addr().String(), 200*time.Millisecond, 10*time.Millisecond)
	if len(got.Faults) > 0 || got.Count() < 2 || int64(got.Count()) != requests.Load() {
		t.Errorf("got %v and faults %v, want all of %d requests answered", got, got.Faults, requests.Load())
	}
	if connections.Load() >= requests.Load() {
		t.Errorf("got %d connections for %d requests, want one that is kept", connections.Load(), requests.Load())
	}
	if got.At(0) > got.At(0.5) || got.At(0.5) > got.At(1) || !strings.Contains(got.String(), "0 failed") {
		t.Errorf("got %v, want shares in their order", got)
	}
}

func TestAFaultIsToldWithWhatCame(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		fmt.Fprint(w, "no")
	})
	got := Invite(address, 20*time.Millisecond, 20*time.Millisecond)
	if len(got.Faults) != got.Count() || !strings.Contains(got.Faults[0], `\r\n\r\nno"`) {
		t.Errorf("got %v and faults %q, want each request's answer in one", got, got.Faults)
	}
}

// TestAGuestOpensAKeptConnectionAgain has a server that ends every connection behind its answer, without saying so.
func TestAGuestOpensAKeptConnectionAgain(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1024))
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
			conn.Close()
		}
	}()
	g := &guest{address: listener.Addr().String()}
	defer g.leave()
	for i := range 3 {
		if err := g.ask(); err != nil {
			t.Errorf("request %d: got %v", i, err)
		}
	}
}

func TestEveryAttackWaitsForSomething(t *testing.T) {
	names := map[string]bool{}
	for _, a := range Attacks() {
		_, body, whole := strings.Cut(a.Says, "\r\n\r\n")
		if whole && body == "" && a.Drip == "" && !a.Deaf {
			t.Errorf("%s: got a request that ends", a.Name)
		}
		if names[a.Name] || a.Name == "" {
			t.Errorf("%q: got the name twice, or none", a.Name)
		}
		names[a.Name] = true
	}
}
