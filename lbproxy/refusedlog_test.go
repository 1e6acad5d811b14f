package lbproxy

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"percore/lbproxy/accesslog"
)

func TestTheAccessLogOfARefusedHead(t *testing.T) {
	long := strings.Repeat("x", 33<<10)
	tests := []struct{ name, head, method, target, proto string }{
		{"a method that is refused", "TRACE /a HTTP/1.1\r\nHost: x\r\n\r\n", "TRACE", "/a", "1.1"},
		{"a head without a host", "GET /b HTTP/1.1\r\n\r\n", "GET", "/b", "1.1"},
		{"a body that a GET of HTTP/1.0 cannot have", "GET /c HTTP/1.0\r\nContent-Length: 1\r\n\r\n", "GET", "/c", "1.0"},
		{"a head that is too large", "GET /d HTTP/1.1\r\nHost: x\r\nLong: " + long, "GET", "/d", "1.1"},
		{"a target that is no target", "GET d#e HTTP/1.1\r\nHost: x\r\n\r\n", "GET", "d#e", "1.1"},
		{"what is no request line", "nonsense\r\n\r\n", "", "", ""},
		{"a head that stays incomplete", "GET /f HTTP/1.1\r\nHost: x\r\n", "GET", "/f", "1.1"},
		{"a request line that stays incomplete", "GET /g", "", "", ""},
		{"a bare line feed", "GET / HTTP/1.1\nHost: x\r\n\r\n", "", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, func(o *Options) { o.AccessLog, o.ClientHeaderTimeout = accesslog.JSON, 300*time.Millisecond })
			r.workers(newStub(t, constant("ok")).address)
			r.client().do("POST /before HTTP/1.1\r\nHost: before\r\nContent-Length: 0\r\n\r\n").want(t, 200, "ok") // nothing of it may show
			r.raw(test.head)
			var got jsonLine
			if err := json.Unmarshal([]byte(r.accessLines(2)[1]), &got); err != nil {
				t.Fatal(err)
			}
			if got.Method != test.method || got.target() != test.target || got.Version != test.proto || got.Host != "" || got.Side != "downstream" {
				t.Errorf("got %+v, want method %q, target %q, version %q, no host", got, test.method, test.target, test.proto)
			}
		})
	}
}

func TestARefusedHeadRequestGetsNoBody(t *testing.T) {
	r := newRig(t, nil)
	got := r.raw("HEAD / HTTP/1.1\r\n\r\n")
	if !strings.HasPrefix(got, "HTTP/1.1 400 ") || !strings.HasSuffix(got, "\r\n\r\n") {
		t.Errorf("got %q, want 400 and no body", got)
	}
}
