package proxyproto_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"percore/lbproxy/proxyproto"
)

// randomHeader says something about a connection between two random addresses of one family.
func randomHeader(random *rand.Rand, four bool) proxyproto.Header {
	end := func() netip.AddrPort {
		var b [16]byte
		binary.BigEndian.PutUint64(b[:], random.Uint64())
		binary.BigEndian.PutUint64(b[8:], random.Uint64())
		ip := netip.AddrFrom16(b)
		if four {
			ip = netip.AddrFrom4([4]byte(b[:]))
		}
		return netip.AddrPortFrom(ip, uint16(random.Uint32()))
	}
	return proxyproto.Header{Known: true, Source: end(), Destination: end()}
}

// asLine writes a header as version 1 has it.
func asLine(h proxyproto.Header) string {
	kind := "TCP6"
	if h.Source.Addr().Is4() {
		kind = "TCP4"
	}
	return fmt.Sprintf("PROXY %s %s %s %d %d\r\n", kind, h.Source.Addr(), h.Destination.Addr(), h.Source.Port(), h.Destination.Port())
}

// asBinary writes a header as version 2 has it.
func asBinary(h proxyproto.Header, vectors string) string {
	family := byte(0x21)
	if h.Source.Addr().Is4() {
		family = 0x11
	}
	b := append(h.Source.Addr().AsSlice(), h.Destination.Addr().AsSlice()...)
	b = binary.BigEndian.AppendUint16(b, h.Source.Port())
	b = binary.BigEndian.AppendUint16(b, h.Destination.Port())
	return version2(0x21, family, string(b)+vectors)
}

func TestBothVersionsSayTheSame(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 2000 {
		want := randomHeader(random, i%2 == 0)
		for _, text := range []string{asLine(want), asBinary(want, ""), asBinary(want, vector(0x01, "h2"))} {
			got, n, err := proxyproto.Parse([]byte(text))
			if got != want || n != len(text) || err != nil {
				t.Fatalf("%q: got %+v, %d bytes and error %v, want %+v", text, got, n, err, want)
			}
		}
	}
}

// TestEveryBitUnderAChecksumCounts: a header that was changed on its way names the wrong client.
func TestEveryBitUnderAChecksumCounts(t *testing.T) {
	header := summed(version2(0x21, 0x11, addresses4+vector(0x02, "a.example")+vector(0x03, "\x00\x00\x00\x00")))
	typeOfSum := len(header) - 7 // with another type it is no checksum
	for i := range header {
		for bit := range 8 {
			if i == typeOfSum {
				continue
			}
			b := []byte(header)
			b[i] ^= 1 << bit
			h, n, err := proxyproto.Parse(b)
			if err == nil && n > 0 && h.Known {
				t.Errorf("bit %d of byte %d changed: got %+v, want an error", bit, i, h)
			}
		}
	}
}

// TestAHeaderHoldsNothingOfItsBytes, which belong to the caller and are overwritten by the next read.
func TestAHeaderHoldsNothingOfItsBytes(t *testing.T) {
	for _, header := range []string{
		"PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\r\n",
		version2(0x21, 0x11, addresses4),
	} {
		b := []byte(header)
		h, _, err := proxyproto.Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		copy(b, bytes.Repeat([]byte("x"), len(b)))
		if h != known4 {
			t.Errorf("got %+v, want %+v", h, known4)
		}
	}
}

func TestNoBytesAreNoHeader(t *testing.T) {
	for _, b := range [][]byte{nil, {}} {
		if h, n, err := proxyproto.Parse(b); h != real || n != 0 || err != nil {
			t.Errorf("got %+v, %d bytes and error %v, want to be asked for some", h, n, err)
		}
	}
}

// Errors reach the log, where an operator has to find out which side is set up wrongly.
func TestErrorsSayThatItIsThePROXYHeader(t *testing.T) {
	for _, c := range bad {
		if _, _, err := proxyproto.Parse([]byte(c.header)); err == nil || !strings.Contains(err.Error(), "PROXY") {
			t.Errorf("%s: got %v, want PROXY in it", c.name, err)
		}
	}
}

func TestABinaryHeaderCostsNoAllocation(t *testing.T) {
	header := []byte(version2(0x21, 0x21, addresses6+vector(0x01, "h2")))
	allocations := testing.AllocsPerRun(100, func() {
		if _, n, err := proxyproto.Parse(header); n == 0 || err != nil {
			t.Errorf("got %d bytes and error %v", n, err)
		}
	})
	if allocations != 0 {
		t.Errorf("got %v, want none", allocations)
	}
}

func ExampleParse() {
	read := []byte("PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\r\nGET / HTTP/1.1\r\n")
	h, n, err := proxyproto.Parse(read[:20])
	fmt.Println(h.Known, n, err) // no error, and no header yet: read more
	h, n, err = proxyproto.Parse(read)
	fmt.Println(h.Source, h.Destination, err)
	fmt.Printf("%q\n", read[n:])
	// Output:
	// false 0 <nil>
	// 203.0.113.9:4711 192.0.2.1:443 <nil>
	// "GET / HTTP/1.1\r\n"
}
