package http1_test

import (
	"strings"
	"testing"

	"percore/lbproxy/http1"
)

func TestABareLFEndsALineWhereItMay(t *testing.T) {
	lenient := http1.DefaultLimits
	lenient.BareLF = true
	const plain = "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\r\n"
	want := parseEveryWay(t, []byte(plain), requestParser(lenient)).head
	for name, raw := range map[string]string{
		"everywhere":         strings.ReplaceAll(plain, "\r\n", "\n"),
		"behind the start":   strings.Replace(plain, "\r\n", "\n", 1),
		"at the head's end":  strings.TrimSuffix(plain, "\r\n") + "\n",
		"behind a field":     strings.Replace(plain, "a\r\n", "a\n", 1),
		"before the request": "\n\r\n\n" + plain,
	} {
		if got := parseEveryWay(t, []byte(raw), requestParser(lenient)); got.head != want || got.n != len(raw) {
			t.Errorf("%s: got %+v, want %d bytes and %s", name, got, len(raw), want)
		}
	}
	for _, raw := range []string{
		"GET / HTTP/1.1\nHost: a\rb\n\n",      // a bare CR
		"GET / HTTP/1.1\nHost: a\r\r\n\r\n",   // CR CR LF
		"GET / HTTP/1.1\nHost: a\n b\n\n",     // a folded field
		"GET / HTTP/1.1\nHost: a\n\rX: b\n\n", // a CR in front of a field
		"\n\n\n\n\n" + plain,                  // too many empty lines
	} {
		refuse(t, raw, 400, requestParser(lenient))
	}
}

func TestRequestIsUnderstood(t *testing.T) {
	cases := []struct{ name, raw, want string }{
		{
			"a GET keeps its connection in HTTP/1.1",
			"GET /a?b=c HTTP/1.1\r\nHost: example.org:8080\r\n\r\n",
			`GET(1) /a?b=c origin=/a?b=c 1.1 host="example.org:8080" framing=none length=0 keepalive=true expect=false upgrade=false` +
				` | Host: "example.org:8080" host`,
		},
		{
			"a request without any field is complete in HTTP/1.0, and closes",
			"GET / HTTP/1.0\r\n\r\n",
			`GET(1) / origin=/ 1.0 host=none framing=none length=0 keepalive=false expect=false upgrade=false`,
		},
		{
			"HTTP/1.0 keeps its connection when it asks to",
			"HEAD / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
			`HEAD(2) / origin=/ 1.0 host=none framing=none length=0 keepalive=true expect=false upgrade=false` +
				` | Connection: "Keep-Alive" connection hop`,
		},
		{
			"close wins over keep-alive in either order",
			"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nConnection: keep-alive\r\n\r\n",
			`GET(1) / origin=/ 1.1 host="a" framing=none length=0 keepalive=false expect=false upgrade=false` +
				` | Host: "a" host | Connection: "close" connection hop | Connection: "keep-alive" connection hop`,
		},
		{
			"empty lines before the request line count into its length (RFC 9112 section 2.2)",
			"\r\n\r\nDELETE /x HTTP/1.1\r\nhOsT:a\r\n\r\n",
			`DELETE(5) /x origin=/x 1.1 host="a" framing=none length=0 keepalive=true expect=false upgrade=false | hOsT: "a" host`,
		},
		{
			"an empty Host is valid in HTTP/1.1 (RFC 9110 section 7.2)",
			"GET / HTTP/1.1\r\nHost:\r\n\r\n",
			`GET(1) / origin=/ 1.1 host="" framing=none length=0 keepalive=true expect=false upgrade=false | Host: "" host`,
		},
		{
			"an unknown method is passed on",
			"PROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n",
			`PROPFIND(0) / origin=/ 1.1 host="a" framing=none length=0 keepalive=true expect=false upgrade=false | Host: "a" host`,
		},
		{
			"methods are case-sensitive",
			"get / HTTP/1.1\r\nHost: a\r\n\r\n",
			`get(0) / origin=/ 1.1 host="a" framing=none length=0 keepalive=true expect=false upgrade=false | Host: "a" host`,
		},
		{
			"asterisk-form belongs to OPTIONS",
			"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
			`OPTIONS(6) * origin=* 1.1 host="a" framing=none length=0 keepalive=true expect=false upgrade=false | Host: "a" host`,
		},
		{
			"absolute-form's authority replaces Host (RFC 9112 section 3.2.2)",
			"GET HTTP://example.org:81/a?b HTTP/1.1\r\nHost: other\r\n\r\n",
			`GET(1) HTTP://example.org:81/a?b origin=/a?b 1.1 host="example.org:81" framing=none length=0` +
				` keepalive=true expect=false upgrade=false | Host: "other" host`,
		},
		{
			"absolute-form without a path means the root",
			"GET http://example.org HTTP/1.0\r\n\r\n",
			`GET(1) http://example.org origin=/ 1.0 host="example.org" framing=none length=0 keepalive=false expect=false upgrade=false`,
		},
		{
			"absolute-form without a path means the server in OPTIONS (RFC 9112 section 3.2.4)",
			"OPTIONS http://[::1]:8080 HTTP/1.1\r\nHost: a\r\n\r\n",
			`OPTIONS(6) http://[::1]:8080 origin=* 1.1 host="[::1]:8080" framing=none length=0` +
				` keepalive=true expect=false upgrade=false | Host: "a" host`,
		},
		{
			"bytes of a target that browsers leave raw pass",
			"GET /a|b\"{c}^`\\%zz?d=<e>&f=[1] HTTP/1.1\r\nHost: a\r\n\r\n",
			"GET(1) /a|b\"{c}^`\\%zz?d=<e>&f=[1] origin=/a|b\"{c}^`\\%zz?d=<e>&f=[1] 1.1 host=\"a\" framing=none length=0" +
				` keepalive=true expect=false upgrade=false | Host: "a" host`,
		},
		{
			"whitespace around values goes, inside stays, and obs-text passes",
			"GET / HTTP/1.1\r\nHost: \t a \t\r\nX: \tb\t c\xff \r\nY:   \r\n\r\n",
			`GET(1) / origin=/ 1.1 host="a" framing=none length=0 keepalive=true expect=false upgrade=false` +
				` | Host: "a" host | X: "b\t c\xff"  | Y: "" `,
		},
		{
			"fields named by Connection are hop-by-hop wherever they are, in any case",
			"GET / HTTP/1.1\r\nX-One: 1\r\nHost: a\r\nConnection: x-TWO , ,x-one\r\nx-two: 2\r\nX-Three: 3\r\n\r\n",
			`GET(1) / origin=/ 1.1 host="a" framing=none length=0 keepalive=true expect=false upgrade=false` +
				` | X-One: "1"  hop | Host: "a" host | Connection: "x-TWO , ,x-one" connection hop | x-two: "2"  hop | X-Three: "3" `,
		},
		{
			"the fixed hop-by-hop set is marked without being named",
			"GET / HTTP/1.1\r\nHost: a\r\nKeep-Alive: timeout=5\r\nProxy-Connection: close\r\nTE: trailers\r\nTrailer: x\r\n" +
				"Upgrade: h2c\r\nProxy-Authorization: b\r\nProxy-Authenticate: c\r\n\r\n",
			`GET(1) / origin=/ 1.1 host="a" framing=none length=0 keepalive=true expect=false upgrade=false` +
				` | Host: "a" host | Keep-Alive: "timeout=5" keep-alive hop | Proxy-Connection: "close" proxy-connection hop` +
				` | TE: "trailers" te hop | Trailer: "x" trailer hop | Upgrade: "h2c" upgrade hop` +
				` | Proxy-Authorization: "b" proxy-authorization hop | Proxy-Authenticate: "c" proxy-authenticate hop`,
		},
		{
			"an underscore in a name is noted, and makes it another name",
			"GET / HTTP/1.1\r\nHost: a\r\nX_Real_IP: 1.2.3.4\r\nContent_Length: 5\r\n\r\n",
			`GET(1) / origin=/ 1.1 host="a" framing=none length=0 keepalive=true expect=false upgrade=false` +
				` | Host: "a" host | X_Real_IP: "1.2.3.4"  underscore | Content_Length: "5"  underscore`,
		},
		{
			"Content-Length frames the body",
			"POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 0042\r\n\r\n",
			`POST(3) /up origin=/up 1.1 host="a" framing=length length=42 keepalive=true expect=false upgrade=false` +
				` | Host: "a" host | Content-Length: "0042" content-length`,
		},
		{
			"a Content-Length of 0 is still one",
			"GET / HTTP/1.0\r\nContent-Length: 0\r\n\r\n",
			`GET(1) / origin=/ 1.0 host=none framing=length length=0 keepalive=false expect=false upgrade=false` +
				` | Content-Length: "0" content-length`,
		},
		{
			"chunked frames the body, in any case",
			"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n",
			`PUT(4) / origin=/ 1.1 host="a" framing=chunked length=0 keepalive=true expect=false upgrade=false` +
				` | Host: "a" host | Transfer-Encoding: "Chunked" transfer-encoding hop`,
		},
		{
			"100-continue counts when there is a body to hold back",
			"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n",
			`POST(3) / origin=/ 1.1 host="a" framing=length length=1 keepalive=true expect=true upgrade=false` +
				` | Host: "a" host | Expect: "100-Continue" expect hop | Content-Length: "1" content-length`,
		},
		{
			"100-continue without a body is ignored",
			"GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
			`GET(1) / origin=/ 1.1 host="a" framing=none length=0 keepalive=true expect=false upgrade=false` +
				` | Host: "a" host | Expect: "100-continue" expect hop`,
		},
		{
			"any expectation of HTTP/1.0 is ignored (RFC 9110 section 10.1.1)",
			"POST / HTTP/1.0\r\nExpect: magic\r\nContent-Length: 1\r\n\r\n",
			`POST(3) / origin=/ 1.0 host=none framing=length length=1 keepalive=false expect=false upgrade=false` +
				` | Expect: "magic" expect hop | Content-Length: "1" content-length`,
		},
		{
			"a WebSocket handshake is an upgrade",
			"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n",
			`GET(1) /ws origin=/ws 1.1 host="a" framing=none length=0 keepalive=true expect=false upgrade=true` +
				` | Host: "a" host | Connection: "keep-alive, Upgrade" connection hop | Upgrade: "websocket" upgrade hop`,
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := parseEveryWay(t, []byte(c.raw), requestParser(http1.DefaultLimits))
			if want := (outcome{n: len(c.raw), head: c.want}); got != want {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestATargetWithoutAPathGetsOne(t *testing.T) {
	cases := []struct{ target, method, want, host string }{
		{"http://h", "GET", "/", "h"},
		{"http://h?x=1", "GET", "/?x=1", "h"},
		{"HTTP://h:80?", "GET", "/?", "h:80"},
		{"http://h?a/b?c", "POST", "/?a/b?c", "h"},
		{"http://[::1]:8080?x", "GET", "/?x", "[::1]:8080"},
		{"http://h", "OPTIONS", "*", "h"},
		{"http://h?x=1", "OPTIONS", "/?x=1", "h"},
		{"http://h/?x=1", "GET", "/?x=1", "h"},
		{"/?x=1", "GET", "/?x=1", "other"},
	}
	var r http1.Request // one for all, so that nothing is left of the target before
	for _, c := range cases {
		raw := c.method + " " + c.target + " HTTP/1.1\r\nHost: other\r\n\r\n"
		if n, err := r.Parse([]byte(raw), 0, http1.DefaultLimits); n != len(raw) || err != nil {
			t.Errorf("%s: got %d and error %v, want %d", c.target, n, err, len(raw))
			continue
		}
		if got := string(r.AppendOrigin([]byte("to "))); got != "to "+c.want || string(r.Host) != c.host || string(r.Target) != c.target {
			t.Errorf("%s: got %q, host %q and target %q, want to %s, host %s and the target itself", c.target, got, r.Host, r.Target, c.want, c.host)
		}
	}
}

func TestMaxForwardsIsOfOPTIONSAlone(t *testing.T) {
	cases := []struct {
		method, field string
		want          int
	}{
		{"OPTIONS", "Max-Forwards: 0\r\n", 0},
		{"OPTIONS", "max-forwards: 10\r\n", 10},
		{"OPTIONS", "Max-Forwards: 007\r\n", 7},
		{"OPTIONS", "Max-Forwards: 99999999999999999999999\r\n", http1.MaxForwardsMax},
		{"OPTIONS", "", -1},
		{"GET", "Max-Forwards: 0\r\n", -1},
		{"GET", "Max-Forwards: x\r\n", -1},
		{"POST", "Max-Forwards: 3\r\n", -1},
	}
	var r http1.Request
	for _, c := range cases {
		raw := c.method + " / HTTP/1.1\r\nHost: a\r\n" + c.field + "\r\n"
		if n, err := r.Parse([]byte(raw), 0, http1.DefaultLimits); n != len(raw) || err != nil {
			t.Errorf("%s with %q: got %d and error %v, want %d", c.method, c.field, n, err, len(raw))
		}
		if r.MaxForwards != c.want {
			t.Errorf("%s with %q: got %d, want %d", c.method, c.field, r.MaxForwards, c.want)
		}
	}
}

func TestUpgradeIsAsked(t *testing.T) {
	const get = "GET / HTTP/1.1\r\nHost: a\r\n"
	cases := []struct {
		name, raw string
		want      bool
	}{
		{"by Connection and Upgrade together", get + "Connection: upgrade\r\nUpgrade: websocket\r\n\r\n", true},
		{"by a list that has more", get + "Connection: upgrade\r\nUpgrade: h2c, WebSocket\r\n\r\n", true},
		{"by a second Upgrade field", get + "Connection: upgrade\r\nUpgrade: h2c\r\nUpgrade: websocket\r\n\r\n", true},
		{"not by Upgrade alone", get + "Upgrade: websocket\r\n\r\n", false},
		{"not by Connection alone", get + "Connection: upgrade\r\n\r\n", false},
		{"not for HTTP/2", get + "Connection: upgrade\r\nUpgrade: h2c, H2\r\n\r\n", false},
		{"not for TLS", get + "Connection: upgrade\r\nUpgrade: TLS/1.2, TLS/1.0\r\n\r\n", false},
		{"not for any other protocol", get + "Connection: upgrade\r\nUpgrade: tcp\r\n\r\n", false},
		{"not for a protocol whose name begins so", get + "Connection: upgrade\r\nUpgrade: websockets\r\n\r\n", false},
		{"not for nothing", get + "Connection: upgrade\r\nUpgrade: ,\r\n\r\n", false},
		{"not by HTTP/1.0", "GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", false},
		{"not by POST", "POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", false},
		{"not with a body", get + "Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n\r\n", false},
		{"not with a chunked body", get + "Connection: upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n\r\n", false},
		{"with a body of no bytes", get + "Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n", true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var r http1.Request
			if n, err := r.Parse([]byte(c.raw), 0, http1.DefaultLimits); n != len(c.raw) || err != nil {
				t.Fatalf("got %d, %v; want %d", n, err, len(c.raw))
			}
			if r.Upgrade != c.want {
				t.Errorf("got %t, want %t", r.Upgrade, c.want)
			}
		})
	}
}

func TestRequestWaitsForMore(t *testing.T) {
	cases := []struct{ name, raw string }{
		{"with nothing", ""},
		{"after an empty line", "\r\n"},
		{"after half an empty line", "\r\n\r"},
		{"inside the method", "GE"},
		{"after the request line's CR", "GET / HTTP/1.1\r"},
		{"after the request line", "GET / HTTP/1.1\r\n"},
		{"inside a name", "GET / HTTP/1.1\r\nHo"},
		{"inside a value", "GET / HTTP/1.1\r\nHost: a"},
		{"before the last LF", "GET / HTTP/1.1\r\nHost: a\r\n\r"},
		{"with a bad field, until the head is complete", "GET / HTTP/1.1\r\nHost : a\r\n"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := parseEveryWay(t, []byte(c.raw), requestParser(http1.DefaultLimits))
			if got != (outcome{}) {
				t.Errorf("got %+v, want nothing yet", got)
			}
		})
	}
}

func TestRequestIsParsedIntoAnew(t *testing.T) {
	heads := []string{
		"POST http://x/a HTTP/1.1\r\nHost: b\r\nConnection: close, c\r\nC: d\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n",
		"GET / HTTP/1.0\r\nC: d\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: e\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
	}
	var reused http1.Request
	for i := range 9 {
		raw := []byte(heads[i%len(heads)])
		var fresh http1.Request
		_, _ = reused.Parse(raw, 0, http1.DefaultLimits)
		_, _ = fresh.Parse(raw, 0, http1.DefaultLimits)
		if got, want := spellRequest(&reused), spellRequest(&fresh); got != want {
			t.Errorf("head %d: got  %s\nwant %s", i, got, want)
		}
	}
}

func TestRequestsFollowEachOther(t *testing.T) {
	const first, second = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
	var r http1.Request
	rest := []byte(first + second)
	for _, want := range []string{"/1", "/2"} {
		n, err := r.Parse(rest, 0, http1.DefaultLimits)
		if err != nil || string(r.Target) != want {
			t.Fatalf("got %s, %v; want %s", r.Target, err, want)
		}
		rest = rest[n:]
	}
	if len(rest) > 0 {
		t.Errorf("got %q left, want nothing", rest)
	}
}

// The head that arrives byte by byte is what slow-loris clients send; the seen hint keeps the total work linear,
// or this test would not end in time.
func TestSlowHeadIsNotScannedAgainForEachByte(t *testing.T) {
	lim := http1.Limits{HeadBytes: 1 << 20, TargetBytes: 8 << 10, Fields: 100}
	raw := []byte("GET /" + strings.Repeat("a", 8000) + " HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("b", 200_000) + "\r\n\r\n")
	var r http1.Request
	for size := 1; size < len(raw); size++ {
		if n, err := r.Parse(raw[:size], size-1, lim); n != 0 || err != nil {
			t.Fatalf("at byte %d: got %d, %v; want neither", size, n, err)
		}
	}
	if n, err := r.Parse(raw, len(raw)-1, lim); n != len(raw) || err != nil {
		t.Errorf("got %d, %v; want %d", n, err, len(raw))
	}
}
