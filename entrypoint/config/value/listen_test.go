package value_test

import (
	"net/netip"
	"strings"
	"testing"

	"percore/entrypoint/config/value"
)

func TestListen(t *testing.T) {
	readAll[value.Listen](t, []reading{
		{name: "every address", text: ":8080", want: ":8080"},
		{name: "a bare port", text: "8080", want: ":8080"},
		{name: "a star as nginx has it", text: "*:80", want: ":80"},
		{name: "IPv4", text: "127.0.0.1:80", want: "127.0.0.1:80"},
		{name: "IPv6", text: "[::]:80", want: "[::]:80"},
		{name: "IPv6 with a zone", text: "[fe80::1%eth0]:80", want: "[fe80::1%eth0]:80"},
		{name: "a unix socket", text: "unix:/run/web.sock", want: "unix:/run/web.sock"},
		{name: "several with spaces", text: ":80, [::1]:8080 ,unix:/run/w", want: ":80,[::1]:8080,unix:/run/w"},
		{name: "the same port on two addresses", text: "127.0.0.1:80,127.0.0.2:80", want: "127.0.0.1:80,127.0.0.2:80"},
		{name: "the same address twice", text: "8080,:8080", err: "names :8080 twice"},
		{name: "the same socket twice", text: "unix:/a,unix:/a", err: "names unix:/a twice"},
		{name: "port 0", text: ":0", err: "port from 1"},
		{name: "a port too high", text: ":65536", err: "port from 1"},
		{name: "no port", text: "127.0.0.1", err: "port from 1"},
		{name: "no port after the colon", text: "127.0.0.1:", err: "port from 1"},
		{name: "an empty item", text: ":80,", err: "port from 1"},
		{name: "IPv6 without brackets", text: "::1:80", err: "IPv6 in brackets"},
		{name: "IPv4 in brackets", text: "[127.0.0.1]:80", err: "IPv6 in brackets"},
		{name: "a host name", text: "localhost:80", err: "needs an IP address"},
		{name: "a relative socket path", text: "unix:web.sock", err: "absolute path"},
		{name: "a socket path that does not fit", text: "unix:/" + strings.Repeat("x", 107), err: "absolute path"},
	})
}

// address reads one address.
func address(t *testing.T, text string) value.Address {
	t.Helper()
	var list value.Listen
	if err := list.UnmarshalText([]byte(text)); err != nil || len(list) != 1 {
		t.Fatalf("%s: got %v and error %v, want one address", text, list, err)
	}
	return list[0]
}

func TestOverlaps(t *testing.T) {
	for _, c := range []struct {
		name, a, b string
		want       bool
	}{
		{"the same address", "127.0.0.1:80", "127.0.0.1:80", true},
		{"another port", "127.0.0.1:80", "127.0.0.1:81", false},
		{"another address", "127.0.0.1:80", "127.0.0.2:80", false},
		{"every address and one of them", ":80", "127.0.0.1:80", true},
		{"every address of IPv4 and one of them", "0.0.0.0:80", "10.0.0.1:80", true},
		{"every address of IPv6 takes IPv4, too", "[::]:80", "10.0.0.1:80", true},
		{"every address twice", ":80", "[::]:80", true},
		{"every address at another port", ":80", "127.0.0.1:81", false},
		{"the same socket", "unix:/run/a", "unix:/run/a", true},
		{"another socket", "unix:/run/a", "unix:/run/b", false},
		{"a socket and a port", "unix:/run/80", ":80", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b := address(t, c.a), address(t, c.b)
			if got := a.Overlaps(b); got != c.want {
				t.Errorf("%s and %s: got %t, want %t", a, b, got, c.want)
			}
			if got := b.Overlaps(a); got != c.want {
				t.Errorf("%s and %s: got %t, want %t", b, a, got, c.want)
			}
		})
	}
}

func TestOnLoopback(t *testing.T) {
	for text, want := range map[string]bool{
		":8000":                   true,
		"0.0.0.0:8000":            true,
		"[::]:8000":               true,
		"127.0.0.1:8000":          true,
		"[::ffff:127.0.0.1]:8000": true,
		"127.0.0.2:8000":          false,
		"10.0.0.1:8000":           false,
		"[::1]:8000":              false,
		"unix:/run/8000":          false,
	} {
		if got := address(t, text).OnLoopback(); got != want {
			t.Errorf("%s: got %t, want %t", text, got, want)
		}
	}
}

func TestAnAddressIsKeptInItsParts(t *testing.T) {
	for text, want := range map[string]value.Address{
		":8080":          {Port: 8080},
		"127.0.0.1:80":   {Host: netip.MustParseAddr("127.0.0.1"), Port: 80},
		"[::1]:80":       {Host: netip.MustParseAddr("::1"), Port: 80},
		"unix:/run/a:80": {Path: "/run/a:80"},
	} {
		if got := address(t, text); got != want {
			t.Errorf("%s: got %+v, want %+v", text, got, want)
		}
	}
}
