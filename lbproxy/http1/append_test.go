package http1_test

import (
	"strings"
	"testing"

	"percore/lbproxy/http1"
)

func TestWhatIsAppendedIsALineOfAHead(t *testing.T) {
	tests := []struct {
		name, got, want string
	}{
		{"a status line", string(http1.AppendStatusLine(nil, 200, "OK")), "HTTP/1.1 200 OK\r\n"},
		{"a status line with bytes", string(http1.AppendStatusLine(nil, 404, []byte("Not Found"))), "HTTP/1.1 404 Not Found\r\n"},
		{"a status line without a reason", string(http1.AppendStatusLine(nil, 200, "")), "HTTP/1.1 200 \r\n"},
		{"a field", string(http1.AppendLine(nil, "Server", "tea")), "Server: tea\r\n"},
		{"a field of bytes", string(http1.AppendLine(nil, "a", []byte("b"))), "a: b\r\n"},
		{"an empty field", string(http1.AppendLine(nil, "A", "")), "A: \r\n"},
		{"a number", string(http1.AppendNumber(nil, "Content-Length", 1<<40)), "Content-Length: 1099511627776\r\n"},
		{"no number", string(http1.AppendNumber(nil, "Content-Length", 0)), "Content-Length: 0\r\n"},
	}
	for _, test := range tests {
		if test.got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, test.got, test.want)
		}
	}
}

// TestAnUpgradeIsAppendedAsItWasSpelt has the fields of a request that Parse takes for an offer, and of such that it
// does not.
func TestAnUpgradeIsAppendedAsItWasSpelt(t *testing.T) {
	tests := []struct{ name, fields, want string }{
		{"WebSocket", "Connection: upgrade\r\nUpgrade: websocket\r\n", "Connection: Upgrade\r\nUpgrade: websocket\r\n"},
		{"with capitals", "Connection: Upgrade\r\nUpgrade: WebSocket\r\n", "Connection: Upgrade\r\nUpgrade: WebSocket\r\n"},
		{"among others", "Connection: Upgrade\r\nUpgrade: h2c, websocket\r\n", "Connection: Upgrade\r\nUpgrade: websocket\r\n"},
		{"another protocol", "Connection: Upgrade\r\nUpgrade: h2c\r\n", ""},
		{"none", "Accept: */*\r\n", ""},
	}
	for _, test := range tests {
		var r http1.Request
		if _, err := r.Parse([]byte("GET / HTTP/1.1\r\nHost: x\r\n"+test.fields+"\r\n"), 0, http1.DefaultLimits); err != nil {
			t.Fatal(err)
		}
		if got := string(http1.AppendUpgrade(nil, r.Fields)); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

// TestAHeadThatIsWrittenParsesToItself appends what a parsed head has, and parses that.
func TestAHeadThatIsWrittenParsesToItself(t *testing.T) {
	const head = "HTTP/1.1 201 Made\r\nServer: tea\r\nLocation: /x\r\nContent-Length: 12\r\n\r\n"
	var r http1.Response
	if _, err := r.Parse([]byte(head), 0, http1.DefaultLimits, http1.MethodGET); err != nil {
		t.Fatal(err)
	}
	b := http1.AppendStatusLine(nil, r.Status, r.Reason)
	for i := range r.Fields {
		if f := &r.Fields[i]; f.ID != http1.FieldContentLength {
			b = http1.AppendField(b, f)
		}
	}
	b = append(http1.AppendNumber(b, "Content-Length", r.Length), "\r\n"...)
	if string(b) != head {
		t.Errorf("got %q, want %q", b, head)
	}
	if n := testing.AllocsPerRun(100, func() { b = http1.AppendField(b[:0], &r.Fields[0]) }); n != 0 {
		t.Errorf("a field: got %v allocations, want none", n)
	}
	if !strings.HasPrefix(string(b), "Server: tea\r\n") {
		t.Errorf("a field: got %q", b)
	}
}
