package client_test

import (
	"net/netip"
	"strings"
	"testing"

	"percore/lbproxy/client"
	"percore/lbproxy/http1"
)

// believing is the trust in proxies with these addresses.
func believing(prefixes ...string) client.Trust {
	var proxies []netip.Prefix
	for _, p := range prefixes {
		proxies = append(proxies, netip.MustParsePrefix(p))
	}
	return client.NewTrust(proxies, 0, false)
}

// forwarded are the fields of a request, all of one name.
func forwarded(values ...string) []http1.Field {
	fields := []http1.Field{{Name: []byte("Host"), Value: []byte("6.6.6.6"), ID: http1.FieldHost}}
	for _, v := range values {
		fields = append(fields, http1.Field{Name: []byte("X-Forwarded-For"), Value: []byte(v), ID: http1.FieldXForwardedFor})
	}
	return fields
}

func TestTrustIsAMatterOfPrefixes(t *testing.T) {
	believed := believing("10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32", "203.0.113.128/25")
	tests := map[string]bool{
		"10.0.0.0": true, "10.255.255.255": true, "11.0.0.0": false, "9.255.255.255": false, "192.0.2.7": true, "192.0.2.6": false,
		"2001:db8:ffff::1": true, "2001:db9::": false, "203.0.113.127": false, "203.0.113.128": true, "::ffff:10.1.1.1": true, "::": false,
	}
	for text, want := range tests {
		p := parsed(t, text)
		if got := believed.Believes(&p); got != want {
			t.Errorf("%s: got %t, want %t", text, got, want)
		}
	}
}

func TestAWholeFamilyIsNotTheOther(t *testing.T) {
	four, six := parsed(t, "1.2.3.4"), parsed(t, "2001::")
	for _, test := range []struct {
		prefix    string
		four, six bool
	}{{"0.0.0.0/0", true, false}, {"::/0", true, true}, {"2000::/3", false, true}} {
		believed := believing(test.prefix)
		if got := believed.Believes(&four); got != test.four {
			t.Errorf("%s, IPv4: got %t, want %t", test.prefix, got, test.four)
		}
		if got := believed.Believes(&six); got != test.six {
			t.Errorf("%s, IPv6: got %t, want %t", test.prefix, got, test.six)
		}
	}
}

func TestAUnixPeerNeedsASettingOfItsOwn(t *testing.T) {
	p := aUnixPeer()
	all := believing("0.0.0.0/0", "::/0")
	if all.Believes(&p) {
		t.Error("with every address: got true, want false")
	}
	sockets := client.NewTrust(nil, 0, true)
	if !sockets.Believes(&p) {
		t.Error("with unix sockets: got false, want true")
	}
	hops := client.NewTrust(nil, 1, false)
	if !hops.Believes(&p) {
		t.Error("with a hop: got false, want true")
	}
}

func TestTheZeroTrustBelievesNoPeer(t *testing.T) {
	var none client.Trust
	for _, p := range []client.Peer{parsed(t, "127.0.0.1"), parsed(t, "::1"), aUnixPeer(), {}} {
		if none.Believes(&p) {
			t.Errorf("%v: got true, want false", p)
		}
	}
}

func TestForWhomATrustedPeerSpeaks(t *testing.T) {
	tests := []struct {
		name   string
		fields []http1.Field
		want   string
	}{
		{"no proxy forwarded it", forwarded(), "127.0.0.1"},
		{"one hop", forwarded("203.0.113.9"), "203.0.113.9"},
		{"a client's own claim stands left of the truth", forwarded("6.6.6.6, 203.0.113.9"), "203.0.113.9"},
		{"trusted hops are skipped", forwarded("203.0.113.9, 10.1.2.3, 10.9.9.9"), "203.0.113.9"},
		{"all hops are trusted: the first of them", forwarded("10.1.2.3, 10.9.9.9"), "10.1.2.3"},
		{"several fields are one list", forwarded("6.6.6.6", "203.0.113.9,10.1.1.1"), "203.0.113.9"},
		{"a mapped address is matched as IPv4", forwarded("203.0.113.9, ::ffff:10.0.0.1"), "203.0.113.9"},
		{"what is no address ends the search", forwarded("203.0.113.9, unknown, 10.1.2.3"), "10.1.2.3"},
		{"nothing but rubbish", forwarded("<script>"), "127.0.0.1"},
		{"empty elements do not count", forwarded(",203.0.113.9, ,"), "203.0.113.9"},
		{"an empty field is none", forwarded("203.0.113.9", ""), "203.0.113.9"},
	}
	believed := believing("127.0.0.0/8", "10.0.0.0/8")
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := believed.Client(parsed(t, "127.0.0.1"), test.fields)
			if string(got.AppendAddress(nil)) != test.want {
				t.Errorf("got %s, want %s", got.AppendAddress(nil), test.want)
			}
		})
	}
}

func TestTheClientSoManyHopsAway(t *testing.T) {
	chain := forwarded("6.6.6.6, 203.0.113.9", "10.1.2.3")
	for _, test := range []struct {
		name   string
		fields []http1.Field
		hops   int
		want   string
	}{
		{"one: what the peer has seen", chain, 1, "10.1.2.3"},
		{"two", chain, 2, "203.0.113.9"},
		{"all there are", chain, 3, "6.6.6.6"},
		{"more than there are", chain, 9, "6.6.6.6"},
		{"a chain that is not there", nil, 2, "127.0.0.1"},
		{"what is no address ends the search", forwarded("203.0.113.9, unknown, 10.1.2.3"), 3, "10.1.2.3"},
	} {
		t.Run(test.name, func(t *testing.T) {
			far := client.NewTrust(nil, test.hops, false)
			got := far.Client(parsed(t, "127.0.0.1"), test.fields)
			if string(got.AppendAddress(nil)) != test.want {
				t.Errorf("got %s, want %s", got.AppendAddress(nil), test.want)
			}
		})
	}
}

func TestALongChainIsWalkedInBounds(t *testing.T) {
	believed := believing("10.0.0.0/8")
	got := believed.Client(parsed(t, "10.0.0.2"), forwarded("203.0.113.9"+strings.Repeat(",10.0.0.1", 1000)))
	if string(got.AppendAddress(nil)) != "10.0.0.1" {
		t.Errorf("got %s, want the last hop that was looked at", got.AppendAddress(nil))
	}
}
