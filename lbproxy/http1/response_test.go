package http1_test

import (
	"strings"
	"testing"

	"percore/lbproxy/http1"
)

func TestResponseIsUnderstood(t *testing.T) {
	cases := []struct {
		name    string
		request http1.Method
		raw     string
		want    string
	}{
		{
			"Content-Length frames the body", http1.MethodGET,
			"HTTP/1.1 200 OK\r\nServer: TornadoServer/6.2\r\nContent-Length: 5\r\n\r\n",
			`1.1 200 "OK" framing=length length=5/true keepalive=true upgrade=false` +
				` | Server: "TornadoServer/6.2" server | Content-Length: "5" content-length`,
		},
		{
			"chunked frames the body", http1.MethodPOST,
			"HTTP/1.1 200 Very well\r\nTransfer-Encoding: chunked\r\n\r\n",
			`1.1 200 "Very well" framing=chunked length=0/false keepalive=true upgrade=false` +
				` | Transfer-Encoding: "chunked" transfer-encoding hop`,
		},
		{
			"without either the body ends with the connection, which cannot be kept", http1.MethodGET,
			"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n",
			`1.1 200 "OK" framing=close length=0/false keepalive=false upgrade=false | Connection: "keep-alive" connection hop`,
		},
		{
			"HTTP/1.0 closes unless it says otherwise", http1.MethodGET,
			"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
			`1.0 200 "OK" framing=length length=0/true keepalive=false upgrade=false | Content-Length: "0" content-length`,
		},
		{
			"HTTP/1.0 keeps the connection when it says so", http1.MethodGET,
			"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
			`1.0 200 "OK" framing=length length=0/true keepalive=true upgrade=false` +
				` | Connection: "keep-alive" connection hop | Content-Length: "0" content-length`,
		},
		{
			"the answer to HEAD has no body but keeps its length; as it announces one, the connection is not kept", http1.MethodHEAD,
			"HTTP/1.1 200 OK\r\nContent-Length: 1024\r\n\r\n",
			`1.1 200 "OK" framing=none length=1024/true keepalive=false upgrade=false | Content-Length: "1024" content-length`,
		},
		{
			"the answer to HEAD announces no body where GET's would be empty", http1.MethodHEAD,
			"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
			`1.1 200 "OK" framing=none length=0/true keepalive=true upgrade=false | Content-Length: "0" content-length`,
		},
		{
			"the answer to HEAD announces a body where GET's would end with the connection", http1.MethodHEAD,
			"HTTP/1.1 200 OK\r\n\r\n",
			`1.1 200 "OK" framing=none length=0/false keepalive=false upgrade=false`,
		},
		{
			"the answer to HEAD announces a body when it says chunked", http1.MethodHEAD,
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
			`1.1 200 "OK" framing=none length=0/false keepalive=false upgrade=false | Transfer-Encoding: "chunked" transfer-encoding hop`,
		},
		{
			"the answer to HEAD with a status that forbids a body announces none", http1.MethodHEAD,
			"HTTP/1.1 204 No Content\r\n\r\n",
			`1.1 204 "No Content" framing=none length=0/false keepalive=true upgrade=false`,
		},
		{
			"304 has no body", http1.MethodGET,
			"HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n",
			`1.1 304 "Not Modified" framing=none length=0/false keepalive=true upgrade=false | ETag: "\"x\"" `,
		},
		{
			"304 has no body but keeps its length; as it announces one, the connection is not kept", http1.MethodGET,
			"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n",
			`1.1 304 "Not Modified" framing=none length=7/true keepalive=false upgrade=false | Content-Length: "7" content-length`,
		},
		{
			"304 that announces chunks is not to be trusted with the connection", http1.MethodGET,
			"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n",
			`1.1 304 "Not Modified" framing=none length=0/false keepalive=false upgrade=false | Transfer-Encoding: "chunked" transfer-encoding hop`,
		},
		{
			"304 with a length of 0 announces nothing", http1.MethodGET,
			"HTTP/1.1 304 Not Modified\r\nContent-Length: 0\r\n\r\n",
			`1.1 304 "Not Modified" framing=none length=0/true keepalive=true upgrade=false | Content-Length: "0" content-length`,
		},
		{
			"204 that announces a body is not to be trusted with the connection", http1.MethodGET,
			"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
			`1.1 204 "No Content" framing=none length=0/false keepalive=false upgrade=false | Content-Length: "5" content-length`,
		},
		{
			"204 that announces chunks is not either", http1.MethodGET,
			"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
			`1.1 204 "No Content" framing=none length=0/false keepalive=false upgrade=false | Transfer-Encoding: "chunked" transfer-encoding hop`,
		},
		{
			"204 has neither body nor length", http1.MethodGET,
			"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
			`1.1 204 "No Content" framing=none length=0/false keepalive=true upgrade=false | Content-Length: "0" content-length`,
		},
		{
			"100 is a head of its own", http1.MethodPOST,
			"HTTP/1.1 100 Continue\r\n\r\n",
			`1.1 100 "Continue" framing=none length=0/false keepalive=true upgrade=false`,
		},
		{
			"an interim answer that announces a body is not to be trusted with the connection", http1.MethodPOST,
			"HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n",
			`1.1 100 "Continue" framing=none length=0/false keepalive=false upgrade=false | Transfer-Encoding: "chunked" transfer-encoding hop`,
		},
		{
			"103 carries fields", http1.MethodGET,
			"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n",
			`1.1 103 "Early Hints" framing=none length=0/false keepalive=true upgrade=false | Link: "</a.css>; rel=preload" `,
		},
		{
			"101 says to which protocol", http1.MethodGET,
			"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
			`1.1 101 "Switching Protocols" framing=none length=0/false keepalive=true upgrade=true` +
				` | Upgrade: "websocket" upgrade hop | Connection: "Upgrade" connection hop`,
		},
		{
			"101 may leave Connection out", http1.MethodGET,
			"HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\n\r\n",
			`1.1 101 "Switching Protocols" framing=none length=0/false keepalive=true upgrade=true | Upgrade: "WebSocket" upgrade hop`,
		},
		{
			"101 to another protocol is no upgrade", http1.MethodGET,
			"HTTP/1.1 101 Switching Protocols\r\nUpgrade: tcp\r\nConnection: Upgrade\r\n\r\n",
			`1.1 101 "Switching Protocols" framing=none length=0/false keepalive=true upgrade=false` +
				` | Upgrade: "tcp" upgrade hop | Connection: "Upgrade" connection hop`,
		},
		{
			"101 without a protocol is no upgrade", http1.MethodGET,
			"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n",
			`1.1 101 "Switching Protocols" framing=none length=0/false keepalive=true upgrade=false` +
				` | Connection: "Upgrade" connection hop`,
		},
		{
			"any other status with Upgrade is an ordinary response", http1.MethodGET,
			"HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: upgrade, close\r\nContent-Length: 0\r\n\r\n",
			`1.1 426 "Upgrade Required" framing=length length=0/true keepalive=false upgrade=false` +
				` | Upgrade: "websocket" upgrade hop | Connection: "upgrade, close" connection hop | Content-Length: "0" content-length`,
		},
		{
			"an empty reason is valid", http1.MethodGET,
			"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n",
			`1.1 200 "" framing=length length=0/true keepalive=true upgrade=false | Content-Length: "0" content-length`,
		},
		{
			"a missing reason is tolerated with its space", http1.MethodGET,
			"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
			`1.1 200 "" framing=length length=0/true keepalive=true upgrade=false | Content-Length: "0" content-length`,
		},
		{
			"a reason has tabs and obs-text", http1.MethodGET,
			"HTTP/1.1 999 tr\xe8s\tbien, tr\xe8s\tbien\r\nContent-Length: 0\r\n\r\n",
			`1.1 999 "tr\xe8s\tbien, tr\xe8s\tbien" framing=length length=0/true keepalive=true upgrade=false` +
				` | Content-Length: "0" content-length`,
		},
		{
			"Set-Cookie stays in order and is not joined", http1.MethodGET,
			"HTTP/1.1 302 Found\r\nSet-Cookie: a=1\r\nLocation: /x\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n",
			`1.1 302 "Found" framing=length length=0/true keepalive=true upgrade=false` +
				` | Set-Cookie: "a=1"  | Location: "/x" location | Set-Cookie: "b=2"  | Content-Length: "0" content-length`,
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := parseEveryWay(t, []byte(c.raw), responseParser(http1.DefaultLimits, c.request))
			if want := (outcome{n: len(c.raw), head: c.want}); got != want {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestResponseIsRefusedWith502(t *testing.T) {
	long := strings.Repeat("a", 32<<10)
	cases := []struct{ name, raw string }{
		{"chunked in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
		{"HTTP/2", "HTTP/2.0 200 OK\r\n\r\n"},
		{"HTTP/1.2", "HTTP/1.2 200 OK\r\n\r\n"},
		{"a version without minor", "HTTP/1 200 OK\r\n\r\n"},
		{"a version in lower case", "http/1.1 200 OK\r\n\r\n"},
		{"another protocol", "SSH-2.0-OpenSSH_9.2"},
		{"no status line at all", "hello"},
		{"an HTTP/0.9 body", "<html>"},
		{"an empty line first", "\r\nHTTP/1.1 200 OK\r\n\r\n"},
		{"a status of two digits", "HTTP/1.1 20 OK\r\n\r\n"},
		{"a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n"},
		{"a status below 100", "HTTP/1.1 099 OK\r\n\r\n"},
		{"a status of letters", "HTTP/1.1 2OO OK\r\n\r\n"},
		{"a negative status", "HTTP/1.1 -20 OK\r\n\r\n"},
		{"no status", "HTTP/1.1 \r\n\r\n"},
		{"two spaces before the status", "HTTP/1.1  200 OK\r\n\r\n"},
		{"a tab before the status", "HTTP/1.1\t200 OK\r\n\r\n"},
		{"a status without its space", "HTTP/1.1 200OK\r\n\r\n"},
		{"a reason with NUL", "HTTP/1.1 200 O\x00K\r\n\r\n"},
		{"a reason with a control behind a tab", "HTTP/1.1 200 OK\tand more\x1b[2J\r\n\r\n"},
		{"a reason with CR", "HTTP/1.1 200 O\rK\r\n\r\n"},
		{"a status line that ends with a bare LF", "HTTP/1.1 200 OK\nServer: a\r\n\r\n"},
		{"a head of bare LFs", "HTTP/1.1 200 OK\nServer: a\n\n"},
		{"a head that ends with a bare LF", "HTTP/1.1 200 OK\r\nServer: a\r\n\n"},
		{"a head that is too large", "HTTP/1.1 200 OK\r\nX: " + long + "\r\n\r\n"},
		{"a status line that never ends", "HTTP/1.1 200 " + long},
		{"a faulty length where no body follows", "HTTP/1.1 304 Not Modified\r\nContent-Length: x\r\n\r\n"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			refuse(t, c.raw, 502, responseParser(http1.DefaultLimits, http1.MethodGET))
		})
	}
}

func TestResponseWaitsForMore(t *testing.T) {
	for _, raw := range []string{"", "HT", "HTTP/1.", "HTTP/1.1 2", "HTTP/1.1 200 OK\r", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nX : a\r\n\r"} {
		if got := parseEveryWay(t, []byte(raw), responseParser(http1.DefaultLimits, http1.MethodGET)); got != (outcome{}) {
			t.Errorf("%q: got %+v, want nothing yet", raw, got)
		}
	}
}
