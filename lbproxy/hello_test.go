package lbproxy

import (
	"crypto/tls"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"percore/lbproxy/accesslog"
	"percore/lbproxy/notice"
	"percore/lbproxy/refusal"
)

func TestATLSClientOnThePlainPortIsNamedOnceAMinute(t *testing.T) {
	r := newRig(t, func(o *Options) { o.AccessLog = accesslog.JSON })
	r.workers(newStub(t, constant("ok")).address)
	for range 3 {
		c := tls.Client(r.dial(), &tls.Config{ServerName: "example.org", MinVersion: tls.VersionTLS12})
		if err := c.Handshake(); err == nil || !strings.Contains(err.Error(), "first record does not look like a TLS handshake") {
			t.Errorf("handshake: got %v, want that the answer is no TLS", err)
		}
	}
	const words = "a TLS client hello: this port speaks plain HTTP"
	var got jsonLine
	if err := json.Unmarshal([]byte(r.accessLines(3)[0]), &got); err != nil || got.Status != 400 || got.Err != words {
		t.Errorf("access log: got %+v and error %v, want 400 and %q", got, err, words)
	}
	eventually(t, "there is a line", func() bool { return strings.Contains(r.log.String(), "request refused") })
	line := r.log.String()
	if !strings.Contains(line, "level=WARN") || !strings.Contains(line, words) {
		t.Errorf("log: got %q, want a warning that says %q", line, words)
	}
	wantCount(t, "warnings", int64(strings.Count(line, "request refused")), 1)
	r.elapse(notice.PaceMillis)
	_ = tls.Client(r.dial(), &tls.Config{ServerName: "example.org", MinVersion: tls.VersionTLS12}).Handshake()
	eventually(t, "it is said again", func() bool { return strings.Count(r.log.String(), "request refused") == 2 })
}

// TestAHelloInPiecesIsRefusedAtOnce has one that the parser would wait for more of.
func TestAHelloInPiecesIsRefusedAtOnce(t *testing.T) {
	r := newRig(t, func(o *Options) { o.ClientHeaderTimeout = time.Hour })
	c := r.client()
	for _, b := range "\x16\x03\x01 " {
		c.send(string(b))
		r.fewTurns()
	}
	c.read("GET").want(t, 400, "~TLS client hello")
}

func TestABodyThatRunsIntoASettingSaysWhichAndItsValue(t *testing.T) {
	stalled := "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nx"
	tests := []struct {
		name    string
		set     func(*Options)
		request string
		status  int
		words   string
	}{
		{
			"a length that is too large", func(o *Options) { o.Services[0].ClientMaxBodySize = 50 << 20 },
			"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 60000000\r\n\r\n",
			413, "the request's body is too large: more than PERCORE_CLIENT_MAX_BODY_SIZE=50MB",
		},
		{
			"chunks that become too much", func(o *Options) { o.Services[0].ClientMaxBodySize = 1000 },
			"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n" + strings.Repeat("x", 1024),
			413, "the request's body is too large: more than PERCORE_CLIENT_MAX_BODY_SIZE=1000",
		},
		{
			"a body that stops", func(o *Options) { o.ClientBodyTimeout = 200 * time.Millisecond }, stalled,
			408, "the request's body stopped arriving: nothing for PERCORE_CLIENT_BODY_TIMEOUT=200ms",
		},
		{
			"a head that stops", func(o *Options) { o.ClientHeaderTimeout = 200 * time.Millisecond }, stalled[:10],
			408, "the request's head did not arrive in time: PERCORE_CLIENT_HEADER_TIMEOUT=200ms",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, func(o *Options) { test.set(o); o.AccessLog = accesslog.JSON })
			r.workers(newStub(t, constant("ok")).address)
			r.client().do(test.request).want(t, test.status, "~"+test.words)
			var got jsonLine
			if err := json.Unmarshal([]byte(r.accessLines(1)[0]), &got); err != nil || got.Err != test.words {
				t.Errorf("access log: got %+v and error %v, want %q", got, err, test.words)
			}
			eventually(t, "the log has it", func() bool { return strings.Contains(r.log.String(), test.words) })
			warns := test.words != refusal.New(r.proxy.options.Load().refusals()).HeadLate
			if got := strings.Contains(r.log.String(), `level=WARN msg="request refused"`); got != warns {
				t.Errorf("log: got %q, want a warning: %v", r.log.String(), warns)
			}
		})
	}
}
