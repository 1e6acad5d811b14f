package accesslog

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// stuck is a log reader that stalls until it is let go.
type stuck struct{ gate, entered chan struct{} }

func (w stuck) Write(b []byte) (int, error) {
	w.entered <- struct{}{}
	<-w.gate
	return len(b), nil
}

func TestAStalledAccessLogCostsLinesAndNoRequest(t *testing.T) {
	gate, entered := make(chan struct{}), make(chan struct{}, 10)
	a := NewLog(stuck{gate, entered}, slog.New(slog.DiscardHandler))
	stop, done := make(chan struct{}), make(chan struct{})
	go func() { a.Run(stop); close(done) }()
	w := NewWriter(a)
	line := strings.Repeat("x", bytesMax/100-1) + "\n"
	for i := range 111 {
		w.b = append(w.b, line...)
		w.lines++
		w.Flush()
		if i == 0 {
			<-entered
		}
	}
	a.mu.Lock()
	if n := a.dropped; n != 10 {
		t.Errorf("dropped lines: got %d, want 10, for one is on its way out and 100 wait", n)
	}
	a.mu.Unlock()
	close(gate)
	close(stop)
	<-done
	if n := cap(a.spare) + cap(a.waiting); n > keptBytes {
		t.Errorf("room that is kept: got %d bytes, want %d at most", n, keptBytes)
	}
}

func TestEscapingIsValidJSONForEveryByte(t *testing.T) {
	for v := range 256 {
		s := `"` + string(appendEscaped(nil, []byte{byte(v)})) + `"`
		var got string
		if err := json.Unmarshal([]byte(s), &got); err != nil || got != string(rune(v)) {
			t.Errorf("byte %#x: got %s, which reads as %q (%v), want U+%04X", v, s, got, err, v)
		}
	}
}

func TestTimesAreExactToTheMicrosecond(t *testing.T) {
	tests := []struct {
		span            time.Duration
		millis, seconds string
	}{
		{0, "0.000", "0.000000"},
		{999, "0.000", "0.000000"},
		{1_000, "0.001", "0.000001"},
		{12_345_678, "12.345", "0.012345"},
		{60_000_000_000, "60000.000", "60.000000"},
		{-5, "0.000", "0.000000"},
	}
	for _, test := range tests {
		if got := string(appendJSONDecimal(nil, "x", test.span, time.Millisecond)); got != `,"x":`+test.millis {
			t.Errorf("%d ns: got %s, want %s ms", test.span, got, test.millis)
		}
		if got := string(appendJSONSeconds(nil, "x", test.span)); got != `,"x":`+test.seconds {
			t.Errorf("%d ns: got %s, want %s s", test.span, got, test.seconds)
		}
	}
}

func TestALineHasThePathOfATargetInAbsoluteForm(t *testing.T) {
	for target, want := range map[string]string{
		"/a?b": "/a?b", "/a://b/c": "/a://b/c", "*": "*", "": "",
		"http://h/a?b": "/a?b", "http://h:81?b": "?b", "http://h": "",
	} {
		if got := string(originOf([]byte(target))); got != want {
			t.Errorf("%q: got %q, want %q", target, got, want)
		}
	}
}

// TestALineSaysWhatTheHostIs takes the host that was asked for apart into name and port.
func TestALineSaysWhatTheHostIs(t *testing.T) {
	for host, want := range map[string]string{
		"example.org":    `{"":"","server.address":"example.org"}`,
		"example.org:81": `{"":"","server.address":"example.org","server.port":81}`,
		"[::1]:443":      `{"":"","server.address":"::1","server.port":443}`,
		"[::1]":          `{"":"","server.address":"::1"}`,
		"":               `{"":"","server.address":""}`,
	} {
		if got := string(append(appendJSONHost([]byte(`{"":"`), []byte(host)), '}')); got != want {
			t.Errorf("%q: got %s, want %s", host, got, want)
		}
	}
}
