package load

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"percore/e2e/program"
)

func TestASlowClientGoesOnAtItsRate(t *testing.T) {
	c := CrowdSpec{Clients: 100, Rate: 10_000}
	cases := []struct {
		name          string
		first, length int64
		elapsed       time.Duration
		want          int64
	}{
		{"the beginning", 128 << 10, 256 << 10, 0, 128 << 10},
		{"after a tick", 1, 4 << 20, 100 * time.Millisecond, 1001},
		{"after ten seconds", 1, 4 << 20, 10 * time.Second, 100_001},
		{"never the last byte", 128 << 10, 256 << 10, time.Hour, 256<<10 - 1},
	}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			if got := c.due(tt.first, tt.length, tt.elapsed); got != tt.want {
				t.Errorf("got %d bytes, want %d", got, tt.want)
			}
		})
	}
}

func TestTheTicksOfACrowdAreSpread(t *testing.T) {
	c := CrowdSpec{Clients: 4}
	for i, want := range []time.Duration{0, crowdTick / 4, crowdTick / 2, crowdTick * 3 / 4} {
		if got := c.offset(i); got != want {
			t.Errorf("client %d: got %v, want %v", i, got, want)
		}
	}
}

// gathered is a crowd of which all have begun.
func gathered(t *testing.T, address string, spec CrowdSpec) (c *Crowd, end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	c = &Crowd{CrowdSpec: spec, Address: address}
	c.Start(ctx)
	if err := program.Await(time.Minute, "slow clients", func() bool { return c.Begun() == spec.Clients }); err != nil {
		cancel()
		t.Fatal(err)
	}
	return c, func() {
		cancel()
		c.Wait()
	}
}

func TestSlowUploadsDripAndDoNotEnd(t *testing.T) {
	const clients, length = 3, 64 << 10
	got := make(chan int64, clients)
	address := sleeperInGo(t, func(_ http.ResponseWriter, r *http.Request) {
		n, _ := io.CopyN(io.Discard, r.Body, length/2+1) // half, and the first drop
		got <- n
		_, err := io.Copy(io.Discard, r.Body)
		if err == nil {
			got <- -1
		}
	})
	c, end := gathered(t, address, CrowdSpec{Clients: clients, Upload: length, Rate: 1000})
	for range clients {
		if n := <-got; n != length/2+1 {
			t.Errorf("got %d bytes, want half of the body and a drop", n)
		}
	}
	end()
	if c.Lost() != 0 {
		t.Errorf("got %d that were cut off, want none: they were ended", c.Lost())
	}
	select {
	case n := <-got:
		t.Errorf("got a body that ended (%d), want none", n)
	default:
	}
}

func TestSlowReadersLeaveTheirAnswerWhereItIs(t *testing.T) {
	const length = 32 << 20 // more than the sockets of both sides keep
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	written := make(chan int, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
			return
		}
		n, _ := conn.Write(make([]byte, length))
		written <- n
	}()
	c, end := gathered(t, l.Addr().String(), CrowdSpec{Clients: 1, Answer: length, Rate: 20_000})
	end()
	if n := <-written; n >= length || c.Lost() != 0 {
		t.Errorf("got %d bytes taken and %d lost, want less than all and none", n, c.Lost())
	}
}

func TestSlowClientsThatAreCutOffAreCounted(t *testing.T) {
	address := sleeperInGo(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_ = conn.Close() // with a body that is unread, if there is one
	})
	for _, spec := range []CrowdSpec{
		{Clients: 2, Upload: 64 << 10, Rate: 1000},
		{Clients: 2, Answer: 64 << 10, Rate: 1000},
	} {
		c := &Crowd{CrowdSpec: spec, Address: address}
		c.Start(context.Background())
		c.Wait()
		if c.Lost() != 2 {
			t.Errorf("got %d that were cut off, want both", c.Lost())
		}
	}
}
