package lbproxy

import (
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"percore/lbproxy/accesslog"
	"percore/lbproxy/socket"
)

// trusting sets the proxies that are believed; the test's own client is on 127.0.0.1.
func trusting(prefixes ...string) func(*Options) {
	return func(o *Options) {
		for _, p := range prefixes {
			o.TrustedProxies = append(o.TrustedProxies, netip.MustParsePrefix(p))
		}
	}
}

func TestWhoTheClientIsBehindATrustedProxy(t *testing.T) {
	tests := []struct {
		name, fields string
		ip, chain    string
	}{
		{"no proxy forwarded it", "", "127.0.0.1", "127.0.0.1"},
		{"one hop", "X-Forwarded-For: 203.0.113.9\r\n", "203.0.113.9", "203.0.113.9, 127.0.0.1"},
		{"a client's own claim stands left of the truth", "X-Forwarded-For: 6.6.6.6, 203.0.113.9\r\n", "203.0.113.9", "6.6.6.6, 203.0.113.9, 127.0.0.1"},
		{"trusted hops are skipped", "X-Forwarded-For: 203.0.113.9, 10.1.2.3, 10.9.9.9\r\n", "203.0.113.9", "203.0.113.9, 10.1.2.3, 10.9.9.9, 127.0.0.1"},
		{"all hops are trusted: the first of them", "X-Forwarded-For: 10.1.2.3, 10.9.9.9\r\n", "10.1.2.3", "10.1.2.3, 10.9.9.9, 127.0.0.1"},
		{
			"several fields are one list", "X-Forwarded-For: 6.6.6.6\r\nA: b\r\nx-forwarded-for: 203.0.113.9,10.1.1.1\r\n",
			"203.0.113.9", "6.6.6.6, 203.0.113.9,10.1.1.1, 127.0.0.1",
		},
		{"IPv6", "X-Forwarded-For: 2001:DB8::7\r\n", "2001:db8::7", "2001:DB8::7, 127.0.0.1"},
		{"IPv6 in brackets with a port", "X-Forwarded-For: [2001:db8::7]:4711\r\n", "2001:db8::7", "[2001:db8::7]:4711, 127.0.0.1"},
		{"IPv6 in brackets", "X-Forwarded-For: [2001:db8::7]\r\n", "2001:db8::7", "[2001:db8::7], 127.0.0.1"},
		{"IPv4 with a port", "X-Forwarded-For: 203.0.113.9:4711\r\n", "203.0.113.9", "203.0.113.9:4711, 127.0.0.1"},
		{"an IPv4 address in its mapped form", "X-Forwarded-For: ::ffff:203.0.113.9\r\n", "203.0.113.9", "::ffff:203.0.113.9, 127.0.0.1"},
		{"a mapped address is matched as IPv4", "X-Forwarded-For: 203.0.113.9, ::ffff:10.0.0.1\r\n", "203.0.113.9", "203.0.113.9, ::ffff:10.0.0.1, 127.0.0.1"},
		{"what is no address ends the search", "X-Forwarded-For: 203.0.113.9, unknown, 10.1.2.3\r\n", "10.1.2.3", "203.0.113.9, unknown, 10.1.2.3, 127.0.0.1"},
		{"nothing but rubbish", "X-Forwarded-For: <script>\r\n", "127.0.0.1", "<script>, 127.0.0.1"},
		{"a zone is no address", "X-Forwarded-For: fe80::1%eth0\r\n", "127.0.0.1", "fe80::1%eth0, 127.0.0.1"},
		{"empty elements do not count", "X-Forwarded-For: ,203.0.113.9, ,\r\n", "203.0.113.9", ",203.0.113.9, ,, 127.0.0.1"},
		{"an empty field is none", "X-Forwarded-For:\r\n", "127.0.0.1", "127.0.0.1"},
		{"X-Real-IP is never believed", "X-Real-IP: 6.6.6.6\r\n", "127.0.0.1", "127.0.0.1"},
		{"neither is Forwarded", "Forwarded: for=6.6.6.6\r\n", "127.0.0.1", "127.0.0.1"},
		{"nor the twin with an underscore", "X_Forwarded_For: 6.6.6.6\r\n", "127.0.0.1", "127.0.0.1"},
	}
	r := newRig(t, func(o *Options) { trusting("127.0.0.0/8", "10.0.0.0/8")(o); o.AccessLog = accesslog.Combined })
	s := newStub(t, constant("ok"))
	r.workers(s.address)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r.access.Reset()
			r.client().do("GET / HTTP/1.1\r\nHost: x\r\n"+test.fields+"\r\n").want(t, 200, "ok")
			h := header(s.lastHead())
			for name, want := range map[string]string{"X-Real-Ip": test.ip, "X-Forwarded-For": test.chain} {
				if got := h.Values(name); len(got) != 1 || got[0] != want {
					t.Errorf("%s: got %q, want %q alone", name, got, want)
				}
			}
			if h.Get("Forwarded") != "" || strings.Contains(s.lastHead(), "_") {
				t.Errorf("head: got %q, want neither Forwarded nor a twin", s.lastHead())
			}
			if line := r.accessLines(1)[0]; !strings.HasPrefix(line, test.ip+" ") {
				t.Errorf("access log: got %q, want client %s", line, test.ip)
			}
		})
	}
}

func TestWhoTheClientIsSoManyHopsAway(t *testing.T) {
	const chain = "X-Forwarded-For: 6.6.6.6, 203.0.113.9\r\nX-Forwarded-For: 10.1.2.3\r\n"
	for _, test := range []struct {
		name, fields string
		hops         int
		ip           string
	}{
		{"none is believed", chain, 0, "127.0.0.1"},
		{"one: what the peer has seen", chain, 1, "10.1.2.3"},
		{"two", chain, 2, "203.0.113.9"},
		{"all there are", chain, 3, "6.6.6.6"},
		{"more than there are", chain, 9, "6.6.6.6"},
		{"a chain that is not there", "", 2, "127.0.0.1"},
		{"what is no address ends the search", "X-Forwarded-For: 203.0.113.9, unknown, 10.1.2.3\r\n", 3, "10.1.2.3"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, func(o *Options) { o.TrustedHops = test.hops })
			s := newStub(t, constant("ok"))
			r.workers(s.address)
			r.client().do("GET / HTTP/1.1\r\nHost: x\r\n"+test.fields+"\r\n").want(t, 200, "ok")
			if got := header(s.lastHead()).Get("X-Real-IP"); got != test.ip {
				t.Errorf("X-Real-IP: got %q, want %q", got, test.ip)
			}
		})
	}
}

func TestWhatAProxySaysAboutHostSchemeAndPort(t *testing.T) {
	tests := []struct {
		name, host, fields             string
		scheme, forwardedHost, portNow string
	}{
		{"nothing", "app.example", "", "http", "app.example", "80"},
		{"nothing, but the host has a port", "app.example:8080", "", "http", "app.example:8080", "8080"},
		{"nothing, and the host is an IPv6 address", "[::1]", "", "http", "[::1]", "80"},
		{"https", "app.example", "X-Forwarded-Proto: https\r\n", "https", "app.example", "443"},
		{"HTTPS in capitals", "app.example", "X-Forwarded-Proto: HTTPS\r\n", "https", "app.example", "443"},
		{"X-Scheme alone, as nginx in Tornado's guide sends it", "app.example", "X-Scheme: https\r\n", "https", "app.example", "443"},
		{"X-Forwarded-Proto before X-Scheme", "app.example", "X-Scheme: http\r\nX-Forwarded-Proto: https\r\n", "https", "app.example", "443"},
		{"of a list the last, which the trusted one wrote", "app.example", "X-Forwarded-Proto: https, http\r\n", "http", "app.example", "80"},
		{"of several fields the last", "app.example", "X-Forwarded-Proto: http\r\nX-Forwarded-Proto: https\r\n", "https", "app.example", "443"},
		{"a scheme that is none", "app.example", "X-Forwarded-Proto: gopher\r\n", "http", "app.example", "80"},
		{"a host", "inner", "X-Forwarded-Host: www.example:8443\r\n", "http", "www.example:8443", "8443"},
		{"of hosts the last", "inner", "X-Forwarded-Host: evil, www.example\r\n", "http", "www.example", "80"},
		{"a host that is none", "inner", "X-Forwarded-Host: a b\r\n", "http", "inner", "80"},
		{"a port", "app.example", "X-Forwarded-Port: 8443\r\n", "http", "app.example", "8443"},
		{"a port that is none", "app.example", "X-Forwarded-Port: 99999\r\n", "http", "app.example", "80"},
		{"a port that is a word", "app.example", "X-Forwarded-Port: +80\r\n", "http", "app.example", "80"},
	}
	for _, trusted := range []bool{true, false} {
		r := newRig(t, func(o *Options) {
			if trusted {
				trusting("127.0.0.1/32")(o)
			}
		})
		s := newStub(t, constant("ok"))
		r.workers(s.address)
		for _, test := range tests {
			t.Run(fmt.Sprintf("%s, trusted %t", test.name, trusted), func(t *testing.T) {
				if !trusted && test.fields != "" { // then only the request itself counts
					test.scheme, test.forwardedHost, test.portNow = "http", test.host, "80"
				}
				r.client().do("GET / HTTP/1.1\r\nHost: "+test.host+"\r\n"+test.fields+"\r\n").want(t, 200, "ok")
				h := header(s.lastHead())
				wants := map[string]string{
					"Host": test.host, "X-Scheme": test.scheme, "X-Forwarded-Proto": test.scheme, "X-Forwarded-Host": test.forwardedHost, "X-Forwarded-Port": test.portNow,
				}
				for name, want := range wants {
					if got := h.Values(name); len(got) != 1 || got[0] != want {
						t.Errorf("%s: got %q, want %q alone", name, got, want)
					}
				}
			})
		}
	}
}

// TestFieldsThatOnlyATrustedProxyMaySend are what applications take for the word of a proxy in front of them.
func TestFieldsThatOnlyATrustedProxyMaySend(t *testing.T) {
	tests := []struct {
		field   string
		trusted bool // passes from a trusted proxy
	}{
		{"X-Forwarded-Prefix: /app", true},
		{"x-forwarded-user: root", true},
		{"X-Forwarded-Client-Cert: x", true},
		{"Remote-User: root", true},
		{"Remote-Addr: 6.6.6.6", true},
		{"Script-Name: /evil", true},
		{"Path-Info: /evil", true},
		{"X-Forwarded-Ssl: on", false}, // gunicorn refuses requests in which these contradict X-Forwarded-Proto
		{"X-Forwarded-Protocol: ssl", false},
		{"X-Forwarded-Scheme: https", false},
		{"X-Url-Scheme: https", false},
		{"Front-End-Https: on", false},
		{"Proxy: http://evil/", false},
		{"Forwarded: proto=https", false},
		{"X_FORWARDED_PROTO: https", false},
		{"SCRIPT_NAME: /evil", false},
		{"Remote_User: root", false},
	}
	for _, trusted := range []bool{true, false} {
		r := newRig(t, func(o *Options) {
			if trusted {
				trusting("127.0.0.1/32")(o)
			}
		})
		s := newStub(t, constant("ok"))
		r.workers(s.address)
		for _, test := range tests {
			t.Run(fmt.Sprintf("%s, trusted %t", test.field, trusted), func(t *testing.T) {
				r.client().do("GET / HTTP/1.1\r\nHost: x\r\n"+test.field+"\r\nX-Forward: kept\r\n\r\n").want(t, 200, "ok")
				if got, want := strings.Contains(s.lastHead(), test.field+"\r\n"), trusted && test.trusted; got != want {
					t.Errorf("reaches the worker: got %t in %q, want %t", got, s.lastHead(), want)
				}
				if header(s.lastHead()).Get("X-Forward") != "kept" {
					t.Errorf("head: got %q, want the ordinary field in it", s.lastHead())
				}
			})
		}
	}
}

func TestAUnixPeerIsTrustedByItsOwnWordOnly(t *testing.T) {
	tests := []struct {
		name      string
		adjust    func(*Options)
		ip, chain string
	}{
		{"without it", trusting("0.0.0.0/0", "::/0"), "unix:", "unix:"},
		{"with it", func(o *Options) { o.TrustedUnix = true }, "203.0.113.9", "203.0.113.9"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "front.sock")
			ls, err := socket.Listen("unix:"+path, 1)
			if err != nil {
				t.Fatal(err)
			}
			o := DefaultOptions()
			test.adjust(&o)
			r := rigOn(t, o, ls)
			s := newStub(t, constant("ok"))
			r.workers(s.address)
			c, err := net.Dial("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Read(make([]byte, 1000)); err != nil {
				t.Fatal(err)
			}
			if h := header(s.lastHead()); h.Get("X-Real-Ip") != test.ip || h.Get("X-Forwarded-For") != test.chain {
				t.Errorf("head: got %q, want client %s and chain %s", s.lastHead(), test.ip, test.chain)
			}
		})
	}
}

func TestALongChainIsWalkedInBounds(t *testing.T) {
	r := newRig(t, trusting("127.0.0.0/8", "10.0.0.0/8"))
	s := newStub(t, constant("ok"))
	r.workers(s.address)
	chain := "203.0.113.9" + strings.Repeat(",10.0.0.1", 1000)
	r.client().do("GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: "+chain+"\r\n\r\n").want(t, 200, "ok")
	if h := header(s.lastHead()); h.Get("X-Real-Ip") != "10.0.0.1" || h.Get("X-Forwarded-For") != chain+", 127.0.0.1" {
		t.Errorf("client: got %s, want the last hop that was looked at", h.Get("X-Real-Ip"))
	}
}
