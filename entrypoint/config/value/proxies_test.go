package value_test

import (
	"net/netip"
	"testing"

	"percore/entrypoint/config/value"
)

func TestProxies(t *testing.T) {
	readAll[value.Proxies](t, []reading{
		{name: "a block", text: "10.0.0.0/8", want: "10.0.0.0/8"},
		{name: "an address is a block of one", text: "192.0.2.7", want: "192.0.2.7/32"},
		{name: "IPv6", text: "2001:db8::/32, ::1", want: "2001:db8::/32,::1/128"},
		{name: "an IPv4 address in its mapped form", text: "::ffff:192.0.2.7", want: "192.0.2.7/32"},
		{name: "unix sockets", text: "unix", want: "unix"},
		{name: "unix comes last", text: "unix, 10.0.0.0/8 ,172.16.0.0/12", want: "10.0.0.0/8,172.16.0.0/12,unix"},
		{name: "everybody", text: "0.0.0.0/0,::/0", want: "0.0.0.0/0,::/0"},
		{name: "a name", text: "proxy.example", err: "neither an address"},
		{name: "an empty item", text: "10.0.0.0/8,", err: "neither an address"},
		{name: "bits beyond the block", text: "10.1.2.3/8", err: "did you mean 10.0.0.0/8?"},
		{name: "a block of mapped addresses", text: "::ffff:10.0.0.0/104", err: "write it as in"},
		{name: "a zone", text: "fe80::1%eth0", err: "neither an address"},
		{name: "too many bits", text: "10.0.0.0/33", err: "neither an address"},
	})
}

func TestAnEmptyListOfProxiesIsSeen(t *testing.T) {
	for name, c := range map[string]struct {
		proxies value.Proxies
		want    bool
	}{
		"nothing":           {value.Proxies{}, true},
		"unix sockets":      {value.Proxies{Unix: true}, false},
		"a block":           {value.Proxies{Prefixes: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}, false},
		"an empty list":     {value.Proxies{Prefixes: []netip.Prefix{}}, true},
		"a block and those": {value.Proxies{Prefixes: []netip.Prefix{netip.MustParsePrefix("::/0")}, Unix: true}, false},
	} {
		if got := c.proxies.IsEmpty(); got != c.want {
			t.Errorf("%s: got %t, want %t", name, got, c.want)
		}
	}
}
