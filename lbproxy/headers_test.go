package lbproxy

import (
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"percore/lbproxy/socket"
)

// identityFields is what the front door adds to a request for host.
func identityFields(host string) string {
	port := "80"
	if u, err := url.Parse("//" + host); err == nil && u.Port() != "" {
		port = u.Port()
	}
	return "X-Real-IP: 127.0.0.1\r\nX-Forwarded-For: 127.0.0.1\r\nX-Scheme: http\r\nX-Forwarded-Proto: http\r\n" +
		"X-Forwarded-Host: " + host + "\r\nX-Forwarded-Port: " + port + "\r\n"
}

func TestViaSaysWhoPassedTheRequestOnWhereThatIsWanted(t *testing.T) {
	for _, test := range []struct {
		via, request string
		want         []string
	}{
		{"", "GET / HTTP/1.1\r\nHost: x\r\nVia: 1.1 a\r\n\r\n", []string{"1.1 a"}},
		{"percore", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", []string{"1.1 percore"}},
		{"percore", "GET / HTTP/1.0\r\nHost: x\r\nVia: 1.1 a\r\n\r\n", []string{"1.1 a", "1.0 percore"}},
	} {
		r := newRig(t, func(o *Options) { o.Via = test.via })
		s := newStub(t, constant("ok"))
		r.workers(s.address)
		r.client().do(test.request).want(t, 200, "ok")
		if got := header(s.lastHead()).Values("Via"); !slices.Equal(got, test.want) {
			t.Errorf("Via with %q: got %q, want %q", test.via, got, test.want)
		}
	}
}

func TestTheHeadThatAWorkerGets(t *testing.T) {
	r := newRig(t, nil)
	s := newStub(t, constant("ok"))
	r.workers(s.address)
	tests := []struct{ name, request, want string }{
		{
			"order, case and duplicates stay", "GET /a%2Fb?c=d&e HTTP/1.1\r\nhOsT: x\r\nb-First: 1\r\nCookie: a=b\r\nA-SECOND: 2\r\nCookie: c=d\r\n\r\n",
			"GET /a%2Fb?c=d&e HTTP/1.1\r\nHost: x\r\nb-First: 1\r\nCookie: a=b\r\nA-SECOND: 2\r\nCookie: c=d\r\n" + identityFields("x") + "\r\n",
		},
		{
			"the host keeps its port", "GET / HTTP/1.1\r\nHost: example.org:8443\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: example.org:8443\r\n" + identityFields("example.org:8443") + "\r\n",
		},
		{
			"absolute form loses its authority, which replaces the host", "GET http://real.example:81/x?y HTTP/1.1\r\nHost: other\r\n\r\n",
			"GET /x?y HTTP/1.1\r\nHost: real.example:81\r\n" + identityFields("real.example:81") + "\r\n",
		},
		{
			"HTTP/1.0 without a host gets the address it came to", "GET / HTTP/1.0\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: " + r.address + "\r\n" + identityFields(r.address) + "\r\n",
		},
		{"an unknown method passes", "PROPFIND /x HTTP/1.1\r\nHost: x\r\n\r\n", "PROPFIND /x HTTP/1.1\r\nHost: x\r\n" + identityFields("x") + "\r\n"},
		{"OPTIONS of the server passes", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: x\r\n" + identityFields("x") + "\r\n"},
		{
			"space around a value goes", "GET / HTTP/1.1\r\nHost: x\r\nA: \t b c \t\r\nEmpty:\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: x\r\nA: b c\r\nEmpty: \r\n" + identityFields("x") + "\r\n",
		},
		{"a leading empty line is forgiven", "\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\n" + identityFields("x") + "\r\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r.client().do(test.request).want(t, 200, "ok")
			if got := s.lastHead(); got != test.want {
				t.Errorf("head: got %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestFieldsThatNeverReachAWorker(t *testing.T) {
	fields := []string{
		"Connection: X-Private, close", "X-Private: 1", "Keep-Alive: timeout=5", "Proxy-Connection: keep-alive", "TE: gzip", "Trailer: Expires",
		"Upgrade: websocket", "Proxy-Authenticate: Basic", "Proxy-Authorization: Basic eA==", "Expect: 100-continue", "Proxy: http://evil/",
		"X-Real-IP: 6.6.6.6", "x-real-ip: 6.6.6.6", "X-Forwarded-For: 6.6.6.6", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil",
		"X-Forwarded-Port: 666", "X-Forwarded-Ssl: on", "X-Forwarded-Protocol: ssl", "X-Url-Scheme: https", "X-Scheme: https", "Forwarded: for=6.6.6.6",
		"X_Real_IP: 6.6.6.6", "X_Forwarded_For: 6.6.6.6", "X-Forwarded_Proto: https", "X_Scheme: https", "Remote_User: root", "Content_Length: 5",
		"SCRIPT_NAME: /evil", "PATH_INFO: /evil",
	}
	r := newRig(t, nil)
	s := newStub(t, constant("ok"))
	r.workers(s.address)
	for _, field := range fields {
		t.Run(field, func(t *testing.T) {
			extra := ""
			if field == "X-Private: 1" {
				extra = "Connection: x-private\r\n"
			}
			r.client().do("GET / HTTP/1.1\r\nHost: x\r\nKept: 1\r\n"+extra+field+"\r\nAlso-Kept: 2\r\n\r\n").want(t, 200, "ok")
			want := "GET / HTTP/1.1\r\nHost: x\r\nKept: 1\r\nAlso-Kept: 2\r\n" + identityFields("x") + "\r\n"
			if got := s.lastHead(); got != want {
				t.Errorf("head: got %q\nwant %q", got, want)
			}
		})
	}
}

func TestTheHeadThatAClientGets(t *testing.T) {
	const date = "Date: Mon, 01 Jan 2024 00:00:00 GMT\r\n"
	tests := []struct{ name, answer, want string }{
		{
			"order, case, duplicates, Server and the reason stay",
			"HTTP/1.1 200 Fine by me\r\nSERVER: TornadoServer/6\r\nSet-Cookie: a=b\r\n" + date + "Set-Cookie: c=d\r\nx_under: kept\r\nContent-Length: 0\r\n\r\n",
			"HTTP/1.1 200 Fine by me\r\nSERVER: TornadoServer/6\r\nSet-Cookie: a=b\r\n" + date + "Set-Cookie: c=d\r\nx_under: kept\r\nContent-Length: 0\r\n\r\n",
		},
		{
			"hop-by-hop fields and those that Connection lists go",
			"HTTP/1.1 200 OK\r\n" + date + "Connection: X-Private\r\nX-Private: 1\r\nKeep-Alive: timeout=5\r\n" +
				"Proxy-Authenticate: x\r\nUpgrade: h2\r\nTrailer: x\r\nContent-Length: 0\r\n\r\n",
			"HTTP/1.1 200 OK\r\n" + date + "Content-Length: 0\r\n\r\n",
		},
		{
			"a location stays as it is",
			"HTTP/1.1 302 Found\r\n" + date + "Location: http://127.0.0.1:8000/x\r\nContent-Length: 0\r\n\r\n",
			"HTTP/1.1 302 Found\r\n" + date + "Location: http://127.0.0.1:8000/x\r\nContent-Length: 0\r\n\r\n",
		},
		{"no reason is no problem", "HTTP/1.1 299\r\n" + date + "Content-Length: 0\r\n\r\n", "HTTP/1.1 299 \r\n" + date + "Content-Length: 0\r\n\r\n"},
		{
			"an old worker's version is ours to the client", "HTTP/1.0 200 OK\r\n" + date + "Content-Length: 0\r\n\r\n",
			"HTTP/1.1 200 OK\r\n" + date + "Content-Length: 0\r\n\r\n",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, nil)
			r.workers(newStub(t, func(q *stubRequest) bool { return q.say("%s", test.answer) }).address)
			c := r.client().send(getRequest)
			if got := readHead(c.in); got != test.want {
				t.Errorf("head: got %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestAMissingDateIsAdded(t *testing.T) {
	r := newRig(t, nil)
	r.workers(newStub(t, constant("ok")).address)
	a := r.client().do(getRequest)
	if _, err := time.Parse(httpDateLayout, a.Header.Get("Date")); err != nil || len(a.Header.Values("Date")) != 1 {
		t.Errorf("Date: got %q (%v), want one", a.Header.Values("Date"), err)
	}
	if a.Header.Get("Server") != "" {
		t.Errorf("Server: got %q, want none of our own", a.Header.Get("Server"))
	}
}

func TestALargeHeadPassesWholeBothWays(t *testing.T) {
	var fields strings.Builder
	for i := range 90 {
		fmt.Fprintf(&fields, "X-Field-%d: %s\r\n", i, strings.Repeat("v", 150))
	}
	r := newRig(t, nil)
	s := newStub(t, func(q *stubRequest) bool {
		return q.say("HTTP/1.1 200 OK\r\n%sX-Large: %s\r\nContent-Length: 2\r\n\r\nok", fields.String(), strings.Repeat("w", 12_000))
	})
	r.workers(s.address)
	a := r.client().do("GET / HTTP/1.1\r\nHost: x\r\n" + fields.String() + "\r\n")
	a.want(t, 200, "ok")
	if !strings.Contains(s.lastHead(), fields.String()) || len(a.Header.Get("X-Large")) != 12_000 || a.Header.Get("X-Field-89") == "" {
		t.Errorf("heads: got %d bytes at the worker and %d fields at the client, want all", len(s.lastHead()), len(a.Header))
	}
}

func TestAClientOnAUnixSocketHasNoAddress(t *testing.T) {
	path := filepath.Join(t.TempDir(), "front.sock")
	ls, err := socket.Listen("unix:"+path, 1)
	if err != nil {
		t.Fatal(err)
	}
	r := rigOn(t, DefaultOptions(), ls)
	s := newStub(t, constant("ok"))
	r.workers(s.address)
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := fmt.Fprint(c, "GET / HTTP/1.0\r\nX-Real-IP: 6.6.6.6\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1000)
	if n, err := c.Read(b); err != nil || !strings.HasPrefix(string(b[:n]), "HTTP/1.1 200 ") {
		t.Errorf("answer: got %q and %v, want 200", b[:n], err)
	}
	if h := header(s.lastHead()); h.Get("X-Real-Ip") != "unix:" || h.Get("Host") != "localhost" {
		t.Errorf("head at the worker: got %q, want X-Real-IP unix: and Host localhost", s.lastHead())
	}
}
