package siege

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestAGuestThatIsRefusedIsAFault(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	got := Invite(listener.Addr().String(), 0, time.Millisecond)
	if got.Count() != 0 || len(got.Faults) != 0 {
		t.Errorf("no time at all: got %+v, want no guest", got)
	}
	got = Invite(listener.Addr().String(), 20*time.Millisecond, 5*time.Millisecond)
	if got.Count() == 0 || len(got.Faults) != got.Count() || !strings.Contains(got.Faults[0], "refused") {
		t.Errorf("got %d requests and %q, want each of them refused", got.Count(), got.Faults)
	}
}

// TestAnAnswerMayComeInPieces, of which the last ends with the body.
func TestAnAnswerMayComeInPieces(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "2")
		for _, piece := range []string{"o", "k"} {
			_, _ = io.WriteString(w, piece)
			w.(http.Flusher).Flush()
		}
	})
	g := &guest{address: address}
	defer g.leave()
	for range 3 {
		if err := g.ask(); err != nil {
			t.Error(err)
		}
	}
}

// TestAnAnswerThatIsCutIsAFault, and the guest comes on another connection the next time.
func TestAnAnswerThatIsCutIsAFault(t *testing.T) {
	var served atomic.Int64
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
			body := "o"
			if served.Add(1) > 1 {
				body = "ok"
			}
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"+body)
			conn.Close()
		}
	}()
	g := &guest{address: listener.Addr().String()}
	defer g.leave()
	if err := g.ask(); !errors.Is(err, io.EOF) || !strings.Contains(err.Error(), `\r\n\r\no"`) {
		t.Errorf("got %v, want the end, and what came before it", err)
	}
	if g.conn != nil {
		t.Error("got a connection that is kept, want it closed")
	}
	if err := g.ask(); err != nil {
		t.Errorf("the next: got %v", err)
	}
}

func TestSharesOfTheTimes(t *testing.T) {
	const ms = time.Millisecond
	g := &Guests{took: []time.Duration{30 * ms, 10*ms + 49*time.Microsecond, 20 * ms, 100 * ms, 40 * ms}}
	for share, want := range map[float64]time.Duration{0: 10 * ms, 0.5: 30 * ms, 0.99: 40 * ms, 1: 100 * ms} {
		if got := g.At(share); got != want {
			t.Errorf("share %v: got %v, want %v", share, got, want)
		}
	}
	g.note("a GET that fails", time.Now().Add(-time.Hour), io.ErrUnexpectedEOF)
	if g.Count() != 6 || len(g.Faults) != 1 || !strings.HasPrefix(g.Faults[0], "a GET that fails after 1h") {
		t.Errorf("got %d requests and %q, want 6 and the one fault", g.Count(), g.Faults)
	}
	if got, want := g.String(), "6 GETs, 1 failed, median 30ms, 99 % 100ms, longest 1h"; !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want it to begin with %q", got, want)
	}
}
