package load_test

import (
	"bufio"
	"net"
	"net/http"
	"testing"
	"time"
)

const rightAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nright"

// serve listens and gives each connection to talk, which closes it properly by returning.
func serve(t *testing.T, talk func(conn *net.TCPConn, in *bufio.Reader)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				talk(conn.(*net.TCPConn), bufio.NewReader(conn))
			}()
		}
	}()
	return listener.Addr().String()
}

// always answers every request on a connection with the same bytes.
func always(answer string) func(*net.TCPConn, *bufio.Reader) {
	return func(conn *net.TCPConn, in *bufio.Reader) {
		for takeRequest(in) {
			if _, err := conn.Write([]byte(answer)); err != nil {
				return
			}
		}
	}
}

// once answers one request and closes, properly or with a reset.
func once(answer string, reset bool) func(*net.TCPConn, *bufio.Reader) {
	return func(conn *net.TCPConn, in *bufio.Reader) {
		if !takeRequest(in) {
			return
		}
		_, _ = conn.Write([]byte(answer))
		if reset {
			_ = conn.SetLinger(0)
		}
	}
}

// silent reads a request and never answers.
func silent(conn *net.TCPConn, in *bufio.Reader) {
	takeRequest(in)
	_, _ = in.Peek(1) // until the client leaves
}

func takeRequest(in *bufio.Reader) bool {
	request, err := http.ReadRequest(in)
	if err != nil {
		return false
	}
	_, err = bufio.NewReader(request.Body).WriteTo(discard{})
	return err == nil
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// closedPort returns an address at which nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// await waits until condition holds, and fails the test when that takes 5 s.
func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited 5 s for %s", what)
		}
	}
}
