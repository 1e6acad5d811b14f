package client_test

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"percore/lbproxy/client"
)

// acceptedFrom is what accept reports of a TCP peer.
func acceptedFrom(t *testing.T, address string) *unix.RawSockaddrAny {
	t.Helper()
	from := netip.MustParseAddrPort(address)
	raw := new(unix.RawSockaddrAny)
	if from.Addr().Is4() {
		in := (*unix.RawSockaddrInet4)(unsafe.Pointer(raw))
		in.Family, in.Addr = unix.AF_INET, from.Addr().As4()
		binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&in.Port))[:], from.Port())
		return raw
	}
	in := (*unix.RawSockaddrInet6)(unsafe.Pointer(raw))
	in.Family, in.Addr = unix.AF_INET6, from.Addr().As16()
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&in.Port))[:], from.Port())
	return raw
}

// aUnixPeer is a peer on a unix socket.
func aUnixPeer() client.Peer {
	raw := new(unix.RawSockaddrAny)
	raw.Addr.Family = unix.AF_UNIX
	return client.FromAccept(raw)
}

// parsed is the peer with an address that is one.
func parsed(t *testing.T, text string) client.Peer {
	t.Helper()
	p, ok := client.Parse([]byte(text))
	if !ok {
		t.Fatalf("parse %q: got no peer, want one", text)
	}
	return p
}

func text(p client.Peer) string { return string(p.AppendAddress([]byte("by "))) }

func TestAPeerIsTheSameHoweverItBecameKnown(t *testing.T) {
	tests := []struct{ address, written string }{
		{"192.0.2.7:4711", "by 192.0.2.7"},
		{"[2001:db8::7]:4711", "by 2001:db8::7"},
	}
	for _, test := range tests {
		t.Run(test.address, func(t *testing.T) {
			accepted := client.FromAccept(acceptedFrom(t, test.address))
			if got := text(accepted); got != test.written {
				t.Errorf("written: got %q, want %q", got, test.written)
			}
			if got := client.FromAddrPort(netip.MustParseAddrPort(test.address)); got != accepted {
				t.Errorf("from an address: got %v, want %v as from accept", got, accepted)
			}
			if got := parsed(t, test.address); got != accepted {
				t.Errorf("from text: got %v, want %v as from accept", got, accepted)
			}
			if !accepted.HasAddress() {
				t.Error("has address: got false, want true")
			}
		})
	}
}

// TestAMappedAddressIsWrittenAsIPv4: a socket of both families reports IPv4 clients in that form (RFC 4291 section
// 2.5.5.2).
func TestAMappedAddressIsWrittenAsIPv4(t *testing.T) {
	mapped := client.FromAccept(acceptedFrom(t, "[::ffff:192.0.2.7]:80"))
	if got := text(mapped); got != "by 192.0.2.7" {
		t.Errorf("written: got %q, want the IPv4 address", got)
	}
	plain := client.FromAccept(acceptedFrom(t, "192.0.2.7:80"))
	if mapped.Address() != plain.Address() {
		t.Errorf("address: got %x, want %x as of the plain form", mapped.Address(), plain.Address())
	}
}

func TestAUnixPeerHasNoAddress(t *testing.T) {
	p := aUnixPeer()
	if p.HasAddress() {
		t.Error("has address: got true, want false")
	}
	if got := text(p); got != "by unix:" {
		t.Errorf("written: got %q, want %q", got, "by unix:")
	}
	if p.Address() != [16]byte{} {
		t.Errorf("address: got %x, want zeros", p.Address())
	}
}

func TestAnAddressHas16Bytes(t *testing.T) {
	for text, want := range map[string][16]byte{
		"2001:db8::7": {0: 0x20, 1: 1, 2: 0xd, 3: 0xb8, 15: 7}, "192.0.2.7": {10: 0xff, 11: 0xff, 12: 192, 14: 2, 15: 7},
	} {
		p := parsed(t, text)
		if p.Address() != want {
			t.Errorf("%s: got %x, want %x", text, p.Address(), want)
		}
	}
}

func TestAddressesAsProxiesWriteThem(t *testing.T) {
	tests := []struct{ text, want string }{
		{"203.0.113.9", "by 203.0.113.9"},
		{"203.0.113.9:4711", "by 203.0.113.9"},
		{"2001:DB8::7", "by 2001:db8::7"},
		{"[2001:db8::7]", "by 2001:db8::7"},
		{"[2001:db8::7]:4711", "by 2001:db8::7"},
		{"::ffff:203.0.113.9", "by 203.0.113.9"},
		{"::1", "by ::1"},
		{"", ""},
		{"unknown", ""},
		{"<script>", ""},
		{"203.0.113.9:", ""},
		{"203.0.113.9:65536", ""},
		{"203.0.113.9:x", ""},
		{"[203.0.113.9", ""},
		{"fe80::1%eth0", ""}, // a zone means something on one machine alone
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			p, ok := client.Parse([]byte(test.text))
			switch {
			case ok != (test.want != ""):
				t.Errorf("got %v, want %v", ok, test.want != "")
			case ok && text(p) != test.want:
				t.Errorf("got %q, want %q", text(p), test.want)
			}
		})
	}
}

func TestThePortOfAHost(t *testing.T) {
	tests := []struct {
		host, port string
		number     uint16
	}{
		{"app.example", "", 0},
		{"app.example:8080", "8080", 8080},
		{"app.example:65535", "65535", 65535},
		{"app.example:65536", "65536", 0},
		{"[::1]:443", "443", 443},
		{"[::1]", "", 0},
		{"::1", "", 0},
		{"app.example:", "", 0},
		{":80", "", 0}, // without a host in front there is no port
		{"", "", 0},
	}
	for _, test := range tests {
		t.Run(test.host, func(t *testing.T) {
			port := client.PortIn([]byte(test.host))
			if string(port) != test.port {
				t.Errorf("port: got %q, want %q", port, test.port)
			}
			if n, ok := client.ParsePort(port); ok && n != test.number || ok != (test.number > 0) {
				t.Errorf("number: got %d, %v, want %d", n, ok, test.number)
			}
		})
	}
}

func TestNothingOfItAllocates(t *testing.T) {
	raw, field, dst := acceptedFrom(t, "192.0.2.7:80"), []byte("[2001:db8::7]:4711"), make([]byte, 0, 64)
	allocations := testing.AllocsPerRun(100, func() {
		p := client.FromAccept(raw)
		dst = p.AppendAddress(dst[:0])
		p, _ = client.Parse(field)
		dst = p.AppendAddress(dst[:0])
	})
	if allocations != 0 {
		t.Errorf("got %v allocations, want none: it is done for each request", allocations)
	}
}
