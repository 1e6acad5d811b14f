package client

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"

	"percore/lbproxy/http1"
)

// hopsMax bounds how many addresses of a chain are looked at: no chain of proxies is that long, and each costs a walk
// over the prefixes.
const hopsMax = 64

// Trust knows whose word counts about who the client is (PERCORE_TRUSTED_PROXIES, PERCORE_TRUSTED_HOPS). The zero
// value believes no peer.
type Trust struct {
	prefixes []prefix
	unix     bool // peers on unix sockets
	hops     int  // so many proxies are in front, whatever their addresses; 0 is to go by these
}

// prefix is a block of addresses; those of IPv4 in their mapped form.
type prefix struct{ high, low, highMask, lowMask uint64 }

// NewTrust believes the proxies with these addresses, and peers on unix sockets if unix says so; or, where hops is not
// 0, every peer: then so many proxies are in front, whatever their addresses.
func NewTrust(proxies []netip.Prefix, hops int, unix bool) Trust {
	t := Trust{unix: unix, hops: hops}
	for _, p := range proxies {
		bits := p.Bits()
		if p.Addr().Is4() {
			bits += 8 * len(mappedPrefix)
		}
		address := p.Masked().Addr().As16()
		t.prefixes = append(t.prefixes, prefix{
			high: binary.BigEndian.Uint64(address[:8]), low: binary.BigEndian.Uint64(address[8:]),
			highMask: ^uint64(0) << max(0, 64-bits), lowMask: ^uint64(0) << min(64, 128-bits),
		})
	}
	return t
}

// Believes reports whether a peer is a trusted proxy. One on a unix socket has no address, so it takes a setting of
// its own.
func (t *Trust) Believes(p *Peer) bool {
	if t.hops > 0 {
		return true
	}
	if p.family == unix.AF_UNIX {
		return t.unix
	}
	return t.covers(p)
}

func (t *Trust) covers(p *Peer) bool {
	high, low := binary.BigEndian.Uint64(p.address[:8]), binary.BigEndian.Uint64(p.address[8:])
	for i := range t.prefixes {
		if b := &t.prefixes[i]; high&b.highMask == b.high && low&b.lowMask == b.low {
			return true
		}
	}
	return false
}

// Client returns the client for which a trusted peer speaks: from the right of X-Forwarded-For, where each hop added
// what it saw, the first address that is no trusted proxy's, or the one that is so many hops away. What is no address
// ends the search.
func (t *Trust) Client(from Peer, fields []http1.Field) Peer {
	asker, hops := from, 0
	for i := len(fields) - 1; i >= 0; i-- {
		if fields[i].ID != http1.FieldXForwardedFor {
			continue
		}
		for element, list := http1.CutLast(fields[i].Value); len(element)+len(list) > 0; element, list = http1.CutLast(list) {
			if len(element) == 0 {
				continue
			}
			hop, ok := Parse(element)
			if hops++; !ok || hops > hopsMax {
				return asker
			}
			if asker = hop; hops == t.hops || t.hops == 0 && !t.covers(&asker) {
				return asker
			}
		}
	}
	return asker
}

// Parse reads an address as proxies write it: alone, or with a port, IPv6 then in brackets.
func Parse(text []byte) (p Peer, ok bool) {
	host, number := text, uint16(0)
	if port := PortIn(text); port != nil {
		if number, ok = ParsePort(port); !ok {
			return p, false
		}
		host = text[:len(text)-len(port)-1]
	}
	if n := len(host); n > 1 && host[0] == '[' && host[n-1] == ']' {
		host = host[1 : n-1]
	}
	address, err := netip.ParseAddr(view(host))
	if err != nil || address.Zone() != "" {
		return p, false
	}
	return FromAddrPort(netip.AddrPortFrom(address, number)), true
}

// PortIn returns the port of `host:port` or `[address]:port`, nil when there is none; a bare IPv6 address has none.
func PortIn(text []byte) []byte {
	for i := len(text) - 1; i > 0; i-- {
		switch {
		case text[i] == ':':
			for _, c := range text[:i] {
				if c == ':' && text[0] != '[' {
					return nil
				}
			}
			return text[i+1:]
		case text[i]-'0' > 9:
			return nil
		}
	}
	return nil
}

// ParsePort reads the number of a port.
func ParsePort(text []byte) (port uint16, ok bool) {
	n, err := strconv.ParseUint(view(text), 10, 16)
	return uint16(n), err == nil
}

// view is b as a string without a copy, for parsers that keep nothing of it.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
