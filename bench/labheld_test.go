package main

import (
	"context"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"percore/bench/load"
	"percore/bench/machine"
	"percore/e2e/program"
)

func carriesLargeBodies(t *testing.T, l *lab) {
	s := openRelay(t, l)
	for _, r := range heldRows() {
		if r.late {
			continue // the relay holds nothing
		}
		taken, err := l.slice(context.Background(), r, s, time.Millisecond)
		if err != nil {
			t.Errorf("%s: got %v", r.name, err)
			continue
		}
		if taken.total.Requests < int64(r.conns) || taken.units != taken.total.Requests*r.units() || taken.total.Streamed != 0 {
			t.Errorf("%s: got %+v, want a request of each connection, in mebibytes", r.name, taken)
		}
	}
}

func tellsStreamedAnswers(t *testing.T, l *lab) {
	port := openNarrowRelay(t, l.workerPort)
	spec := load.Spec{Port: port, Conns: 1, BodyBytes: 10 << 20, CPU: l.cpus.Load, Late: 100 * time.Millisecond}
	g, err := load.Start(context.Background(), l.programs.Bodies, spec)
	if err != nil {
		t.Fatal(err)
	}
	total, err := g.Run()
	if err != nil || total.Requests != 1 || total.Streamed != 1 {
		t.Errorf("got %+v, %v; want one request, whose worker had to wait: nothing holds the rest", total, err)
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
}

// openNarrowRelay relays connections to a port with so little memory that most of a long answer stays with its worker: its own
// and the kernel's, which would take all of it.
func openNarrowRelay(t *testing.T, to int) (port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	narrow := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 64<<10) })
	}}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			worker, err := narrow.Dial("tcp", program.Loopback(to))
			if err != nil {
				t.Error(err)
				return
			}
			_ = client.(*net.TCPConn).SetWriteBuffer(64 << 10)
			pass := func(to, from net.Conn) {
				_, _ = io.Copy(struct{ io.Writer }{to}, struct{ io.Reader }{from}) // through memory, not through a pipe of the kernel's
				to.Close()
				from.Close()
			}
			go pass(worker, client)
			go pass(client, worker)
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

func workerRefusesWrongBody(t *testing.T, l *lab) {
	cases := []struct {
		name, head, body string
		want             string
	}{
		{"a body of the pattern", "Content-Length: 28", "abcdefghijklmnopqrstuvwxyzab", "200 OK"},
		{"one that differs", "Content-Length: 3", "abd", "400 Bad Request"},
		{"chunks", "Transfer-Encoding: chunked", "2\r\nab\r\n1A;x=1\r\ncdefghijklmnopqrstuvwxyzab\r\n0\r\n\r\n", "200 OK"},
		{"chunks that differ", "Transfer-Encoding: chunked", "2\r\nab\r\n1\r\nd\r\n0\r\n\r\n", "400 Bad Request"},
		{"no body", "Accept: */*", "", "200 OK"},
	}
	for _, c := range cases {
		request := "POST /1024 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + c.head + "\r\n\r\n" + c.body
		for cut := 1; cut <= len(request); cut += max(1, len(request)/7) {
			if got := say(t, l.workerPort, request[:cut], request[cut:]); got != "HTTP/1.1 "+c.want {
				t.Errorf("%s, cut at %d: got %q, want %s", c.name, cut, got, c.want)
			}
		}
	}
}

// say sends a request in two parts to a port and returns the first line of what it answers, until it closes.
func say(t *testing.T, port int, parts ...string) string {
	t.Helper()
	conn, err := net.Dial("tcp", program.Loopback(port))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, part := range parts {
		if _, err := io.WriteString(conn, part); err != nil {
			t.Fatal(err)
		}
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(answer), "\r\n")
	return line
}

// sleeperWaits has a sleeper whose only client is slow: another gets its answer when the first has ended, not before.
func sleeperWaits(t *testing.T, l *lab) {
	ports, err := program.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	p, err := l.start(machine.AnyCPU, []string{l.programs.Sleeper, "--port=" + strconv.Itoa(ports.First)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := waitServing(context.Background(), p, ports.First, "/1"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []crowd{
		{slowUploadsPart, "an upload", load.CrowdSpec{Clients: 1, Upload: 128 << 10, Rate: 1}},
		{slowReadersPart, "a reader", load.CrowdSpec{Clients: 1, Answer: 32 << 20, Rate: 1}},
	} {
		ctx, end := context.WithCancel(context.Background())
		slow := &load.Crowd{CrowdSpec: c.clients, Address: program.Loopback(ports.First)}
		slow.Start(ctx)
		if err := program.Await(time.Minute, "a slow client", func() bool { return slow.Begun() == 1 }); err != nil {
			t.Fatal(err)
		}
		others := load.Open{Address: slow.Address, Patience: 100 * time.Millisecond}
		if got := others.Run(ctx, time.Now(), make([]load.Arrival, 1)); got[0].Status != 0 {
			t.Errorf("%s: got %+v, want no answer: the worker is occupied", c.title, got[0])
		}
		end()
		slow.Wait()
		if err := waitServing(context.Background(), p, ports.First, "/1"); err != nil {
			t.Errorf("%s: got %v, want the worker back when its client has gone", c.title, err)
		}
	}
}
