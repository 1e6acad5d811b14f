package proxyproto_test

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"net/netip"
	"strings"
	"testing"

	"percore/lbproxy/proxyproto"
)

const signature = "\r\n\r\n\x00\r\nQUIT\n"

// version2 makes a header of version 2.
func version2(command, family byte, rest string) string {
	b := append([]byte(signature), command, family)
	return string(binary.BigEndian.AppendUint16(b, uint16(len(rest)))) + rest
}

// vector makes a type-length-value.
func vector(kind byte, value string) string {
	return string(binary.BigEndian.AppendUint16([]byte{kind}, uint16(len(value)))) + value
}

// summed puts the right checksum into the vector that its header ends with.
func summed(header string) string {
	sum := crc32.Checksum([]byte(header), crc32.MakeTable(crc32.Castagnoli))
	return header[:len(header)-4] + string(binary.BigEndian.AppendUint32(nil, sum))
}

const (
	addresses4 = "\xcb\x00\x71\x09" + "\xc0\x00\x02\x01" + "\x12\x67" + "\x01\xbb"
	addresses6 = "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x07" +
		"\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01" + "\x12\x67" + "\x01\xbb"
)

var (
	known4 = proxyproto.Header{Known: true, Source: netip.MustParseAddrPort("203.0.113.9:4711"), Destination: netip.MustParseAddrPort("192.0.2.1:443")}
	known6 = proxyproto.Header{Known: true, Source: netip.MustParseAddrPort("[2001:db8::7]:4711"), Destination: netip.MustParseAddrPort("[2001:db8::1]:443")}
	real   = proxyproto.Header{}
)

// good are headers and what they say.
var good = []struct {
	name, header string
	want         proxyproto.Header
}{
	{"version 1, IPv4", "PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\r\n", known4},
	{"version 1, IPv6", "PROXY TCP6 2001:db8::7 2001:db8::1 4711 443\r\n", known6},
	{"version 1, IPv6 in capitals and at full length", "PROXY TCP6 2001:0DB8:0000:0000:0000:0000:0000:0007 2001:db8::1 4711 443\r\n", known6},
	{"version 1, of unknown kind", "PROXY UNKNOWN\r\n", real},
	{"version 1, of unknown kind with words behind it", "PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n", real},
	{"version 1, the longest line", "PROXY UNKNOWN " + strings.Repeat("f", 107-len("PROXY UNKNOWN \r\n")) + "\r\n", real},
	{"version 1, port 0", "PROXY TCP4 203.0.113.9 192.0.2.1 0 0\r\n", proxyproto.Header{
		Known: true, Source: netip.MustParseAddrPort("203.0.113.9:0"), Destination: netip.MustParseAddrPort("192.0.2.1:0"),
	}},
	{"version 2, IPv4", version2(0x21, 0x11, addresses4), known4},
	{"version 2, IPv6", version2(0x21, 0x21, addresses6), known6},
	{"version 2, LOCAL", version2(0x20, 0x00, ""), real},
	{"version 2, LOCAL with addresses, which do not count", version2(0x20, 0x11, addresses4), real},
	{"version 2, LOCAL with rubbish, which is not read", version2(0x20, 0x11, "x"), real},
	{"version 2, of no family", version2(0x21, 0x00, ""), real},
	{"version 2, of no family with vectors", version2(0x21, 0x00, vector(0x04, "zero")), real},
	{"version 2, of an unknown family", version2(0x21, 0x51, "whatever"), real},
	{"version 2, datagrams", version2(0x21, 0x12, addresses4), real},
	{"version 2, unix sockets", version2(0x21, 0x31, strings.Repeat("\x00", 216)), real},
	{"version 2, with vectors that are skipped", version2(0x21, 0x11, addresses4+vector(0x01, "h2")+vector(0xea, "vpce-1")+vector(0x04, "")), known4},
	{"version 2, with a checksum", summed(version2(0x21, 0x11, addresses4+vector(0x02, "a.example")+vector(0x03, "\x00\x00\x00\x00"))), known4},
	{"version 2, of the largest size", version2(0x21, 0x11, addresses4+vector(0x04, strings.Repeat("x", 16<<10-16-len(addresses4)-3))), known4},
}

// bad are headers that end a connection.
var bad = []struct {
	name, header string
	want         error
}{
	{"HTTP", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", proxyproto.ErrNotProxy},
	{"TLS", "\x16\x03\x01\x02\x00", proxyproto.ErrNotProxy},
	{"almost the word", "PROXT ", proxyproto.ErrNotProxy},
	{"the word in small letters", "proxy TCP4 203.0.113.9 192.0.2.1 4711 443\r\n", proxyproto.ErrNotProxy},
	{"almost the signature", "\r\n\r\n\x00\r\nQUIX\n", proxyproto.ErrNotProxy},
	{"empty lines", "\r\n\r\nGET", proxyproto.ErrNotProxy},
	{"version 1 with a bare LF", "PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\n", proxyproto.ErrLine},
	{"version 1 with a bare CR", "PROXY TCP4 203.0.113.9 192.0.2.1 4711\r443\r\n", proxyproto.ErrLine},
	{"version 1 with two spaces", "PROXY TCP4  203.0.113.9 192.0.2.1 4711 443\r\n", proxyproto.ErrLine},
	{"version 1 with a tab", "PROXY TCP4\t203.0.113.9 192.0.2.1 4711 443\r\n", proxyproto.ErrLine},
	{"version 1 with a space at the end", "PROXY TCP4 203.0.113.9 192.0.2.1 4711 443 \r\n", proxyproto.ErrLine},
	{"version 1 with a leading zero in a port", "PROXY TCP4 203.0.113.9 192.0.2.1 04711 443\r\n", proxyproto.ErrLine},
	{"version 1 with a leading zero in an address", "PROXY TCP4 203.0.113.09 192.0.2.1 4711 443\r\n", proxyproto.ErrLine},
	{"version 1 with a port too large", "PROXY TCP4 203.0.113.9 192.0.2.1 65536 443\r\n", proxyproto.ErrLine},
	{"version 1 with a sign", "PROXY TCP4 203.0.113.9 192.0.2.1 +4711 443\r\n", proxyproto.ErrLine},
	{"version 1 with an IPv6 address as TCP4", "PROXY TCP4 ::1 192.0.2.1 4711 443\r\n", proxyproto.ErrLine},
	{"version 1 with an IPv4 address as TCP6", "PROXY TCP6 203.0.113.9 192.0.2.1 4711 443\r\n", proxyproto.ErrLine},
	{"version 1 with a zone", "PROXY TCP6 fe80::1%eth0 fe80::2 4711 443\r\n", proxyproto.ErrLine},
	{"version 1 without ports", "PROXY TCP4 203.0.113.9 192.0.2.1\r\n", proxyproto.ErrLine},
	{"version 1 of another kind", "PROXY UDP4 203.0.113.9 192.0.2.1 4711 443\r\n", proxyproto.ErrLine},
	{"version 1 without a kind", "PROXY \r\n", proxyproto.ErrLine},
	{"version 1 of a longer unknown kind", "PROXY UNKNOWNS\r\n", proxyproto.ErrLine},
	{"version 1 that does not end", "PROXY UNKNOWN " + strings.Repeat("f", 200), proxyproto.ErrLineLong},
	{"version 1, a byte too long", "PROXY UNKNOWN " + strings.Repeat("f", 108-len("PROXY UNKNOWN \r\n")) + "\r\n", proxyproto.ErrLineLong},
	{"version 3", version2(0x31, 0x11, addresses4), proxyproto.ErrVersion},
	{"version 1 in binary", version2(0x11, 0x11, addresses4), proxyproto.ErrVersion},
	{"an unknown command", version2(0x22, 0x11, addresses4), proxyproto.ErrVersion},
	{"version 2 too short for IPv4", version2(0x21, 0x11, addresses4[1:]), proxyproto.ErrLength},
	{"version 2 too short for IPv6", version2(0x21, 0x21, addresses6[1:]), proxyproto.ErrLength},
	{"version 2 too short for unix", version2(0x21, 0x31, "x"), proxyproto.ErrLength},
	{"version 2 with half a vector", version2(0x21, 0x11, addresses4+"\x04\x00"), proxyproto.ErrLength},
	{"version 2 with a vector beyond its end", version2(0x21, 0x11, addresses4+"\x04\x00\x05abcd"), proxyproto.ErrLength},
	{"version 2 with a wrong checksum", version2(0x21, 0x11, addresses4+vector(0x03, "\x00\x00\x00\x01")), proxyproto.ErrChecksum},
	{"version 2 with a short checksum", version2(0x21, 0x11, addresses4+vector(0x03, "\x00\x00")), proxyproto.ErrChecksum},
	{"version 2 with two checksums", version2(0x21, 0x11, addresses4+vector(0x03, "1234")+vector(0x03, "1234")), proxyproto.ErrChecksum},
	{"version 2 that announces too much", signature + "\x21\x11\xff\xff", proxyproto.ErrTooLarge},
}

func TestHeadersThatAreUnderstood(t *testing.T) {
	for _, c := range good {
		t.Run(c.name, func(t *testing.T) {
			for _, trailing := range []string{"", "G", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\r\n", "PROXY "} {
				h, n, err := proxyproto.Parse([]byte(c.header + trailing))
				if h != c.want || n != len(c.header) || err != nil {
					t.Errorf("with %q behind it: got %+v, %d bytes and error %v, want %+v and %d bytes", trailing, h, n, err, c.want, len(c.header))
				}
			}
			for size := range len(c.header) {
				if h, n, err := proxyproto.Parse([]byte(c.header[:size])); h != real || n != 0 || err != nil {
					t.Fatalf("its first %d bytes: got %+v, %d bytes and error %v, want to be asked for more", size, h, n, err)
				}
			}
		})
	}
}

func TestHeadersThatAreRefused(t *testing.T) {
	for _, c := range bad {
		t.Run(c.name, func(t *testing.T) {
			h, n, err := proxyproto.Parse([]byte(c.header))
			if h != real || n != 0 || !errors.Is(err, c.want) {
				t.Errorf("got %+v, %d bytes and error %v, want error %v", h, n, err, c.want)
			}
			refused := false
			for size := range len(c.header) {
				_, n, err := proxyproto.Parse([]byte(c.header[:size]))
				if n != 0 || refused && err == nil {
					t.Fatalf("its first %d bytes: got %d bytes and error %v, want no header, and an error once there was one", size, n, err)
				}
				refused = err != nil
			}
		})
	}
}

// FuzzParse holds that no header is read beyond the bytes that are there, and that it reads alike alone and in
// company.
func FuzzParse(f *testing.F) {
	for _, c := range good {
		f.Add([]byte(c.header))
	}
	for _, c := range bad {
		f.Add([]byte(c.header))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, n, err := proxyproto.Parse(b)
		if n < 0 || n > len(b) || err != nil && n > 0 || h.Known && n == 0 {
			t.Fatalf("got %+v, %d of %d bytes and error %v", h, n, len(b), err)
		}
		if err != nil || n == 0 {
			return
		}
		if again, m, err := proxyproto.Parse(b[:n]); again != h || m != n || err != nil {
			t.Errorf("alone: got %+v, %d bytes and error %v, want %+v and %d", again, m, err, h, n)
		}
		for size := range n {
			if _, m, err := proxyproto.Parse(b[:size]); m != 0 || err != nil {
				t.Fatalf("its first %d bytes: got %d bytes and error %v, want to be asked for more", size, m, err)
			}
		}
	})
}
