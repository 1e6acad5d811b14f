package flood_test

import (
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"percore/e2e/flood"
)

const patience = time.Minute

func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
}

// serve has every connection that a listener takes treated in the same way, until the listener is closed.
func serve(listener net.Listener, treat func(*net.TCPConn)) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			_, _ = conn.Read(make([]byte, 1024)) // what is unread would make a reset of a close
			treat(conn.(*net.TCPConn))
		}()
	}
}

func listen(t *testing.T, address string, treat func(*net.TCPConn)) (net.Listener, netip.AddrPort) {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Skip("SKIPPED:", err)
	}
	t.Cleanup(func() { listener.Close() })
	go serve(listener, treat)
	return listener, netip.MustParseAddrPort(listener.Addr().String())
}

func greet(conn *net.TCPConn) {
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello")
}

func TestConnectionsAreCountedByWhatBecameOfThem(t *testing.T) {
	for _, test := range []struct {
		name  string
		treat func(*net.TCPConn)
		lost  bool
	}{
		{"an answer that ends properly", greet, false},
		{"an end without an answer", func(*net.TCPConn) {}, true},
		{"another answer", func(conn *net.TCPConn) { _, _ = io.WriteString(conn, "HTTP/1.1 503 No\r\n\r\n") }, true},
		{"a reset", func(conn *net.TCPConn) { _ = conn.SetLinger(0) }, true},
	} {
		for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
			t.Run(test.name+" at "+address, func(t *testing.T) {
				var treated atomic.Int64
				_, to := listen(t, address, func(conn *net.TCPConn) {
					test.treat(conn)
					treated.Add(1)
				})
				run := flood.Start(flood.Options{Address: to, Clients: 4, Connect: patience})
				await(t, "some connections", func() bool { return treated.Load() > 20 })
				got := run.Stop()
				if got.Lost > 0 != test.lost || got.Answered > 0 == test.lost || got.Failed+got.Refused > 0 || run.Answered() != got.Answered {
					t.Errorf("got %v, want all of them lost: %t", got, test.lost)
				}
				if test.lost == (got.First == nil) {
					t.Errorf("first error: got %v", got.First)
				}
			})
		}
	}
}

func TestAClosedListenerRefuses(t *testing.T) {
	listener, to := listen(t, "127.0.0.1:0", greet)
	run := flood.Start(flood.Options{Address: to, Connect: patience})
	await(t, "answers", func() bool { return run.Answered() > 100 })
	if run.Refused() > 0 {
		t.Errorf("got %d refused by a listener that is open", run.Refused())
	}
	listener.Close()
	await(t, "a client to be refused", func() bool { return run.Refused() > 0 })
	if got := run.Stop(); got.Refused == 0 || got.Failed > 0 {
		t.Errorf("got %v, want some refused and none failed", got)
	}
}

// TestASlowCableDelaysAHandshake has the listener and its clients in two namespaces.
func TestASlowCableDelaysAHandshake(t *testing.T) {
	const delay = 20 * time.Millisecond
	var ends [2]*flood.Namespace
	for i := range ends {
		var err error
		if ends[i], err = flood.NewNamespace(); err != nil {
			t.Skip("SKIPPED: a network namespace takes root and iproute2:", err)
		}
		defer ends[i].Close()
	}
	cable, err := flood.NewCable(ends[0], ends[1], delay)
	if err != nil {
		t.Skip("SKIPPED: a slow connection takes /dev/net/tun and iproute2:", err)
	}
	defer cable.Close()
	var to netip.AddrPort
	err = ends[1].Do(func() error {
		_, to = listen(t, net.JoinHostPort(flood.FarIPv4, "0"), greet)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	run := flood.Start(flood.Options{Address: to, Clients: 1, Connect: patience, Socket: ends[0].Socket})
	await(t, "an answer", func() bool { return run.Answered() > 0 })
	if took := time.Since(began); took < 4*delay {
		t.Errorf("got the first answer after %v, want two round trips of %v at least", took, 2*delay)
	}
	if got := run.Stop(); got.Lost+got.Failed > 0 {
		t.Errorf("got %v, want none lost", got)
	}
	if err := ends[0].Run("false"); err == nil {
		t.Error("a command that fails in a namespace: got no error")
	}
}
