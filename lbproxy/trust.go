package lbproxy

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"

	"percore/lbproxy/http1"
)

// hopsMax bounds how many addresses of a chain are looked at: no chain of proxies is that long, and each costs a walk over
// the prefixes.
const hopsMax = 64

// trust knows whose word counts about who the client is (PERCORE_TRUSTED_PROXIES, PERCORE_TRUSTED_HOPS).
type trust struct {
	prefixes []prefix
	unix     bool // peers on unix sockets
	hops     int  // so many proxies are in front, whatever their addresses; 0 is to go by these
}

// prefix is a block of addresses; those of IPv4 in their mapped form.
type prefix struct{ high, low, highMask, lowMask uint64 }

func newTrust(o *Options) trust {
	t := trust{unix: o.TrustedUnix, hops: o.TrustedHops}
	for _, p := range o.TrustedProxies {
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

// believes tells whether a peer is a trusted proxy. One on a unix socket has no address, so it takes a word of its own.
func (t *trust) believes(p *peer) bool {
	if t.hops > 0 {
		return true
	}
	if p.family == unix.AF_UNIX {
		return t.unix
	}
	return t.covers(p)
}

func (t *trust) covers(p *peer) bool {
	high, low := binary.BigEndian.Uint64(p.address[:8]), binary.BigEndian.Uint64(p.address[8:])
	for i := range t.prefixes {
		if b := &t.prefixes[i]; high&b.highMask == b.high && low&b.lowMask == b.low {
			return true
		}
	}
	return false
}

// client returns whom a trusted peer speaks for: from the right of X-Forwarded-For, where each hop added what it saw, the
// first address that is no trusted proxy's, or the one that is so many hops away. What is no address ends the search.
func (t *trust) client(from peer, fields []http1.Field) peer {
	who, hops := from, 0
	for i := len(fields) - 1; i >= 0; i-- {
		if fields[i].ID != http1.FieldXForwardedFor {
			continue
		}
		for element, list := http1.CutLast(fields[i].Value); len(element)+len(list) > 0; element, list = http1.CutLast(list) {
			if len(element) == 0 {
				continue
			}
			hop, ok := parsePeer(element)
			if hops++; !ok || hops > hopsMax {
				return who
			}
			if who = hop; hops == t.hops || t.hops == 0 && !t.covers(&who) {
				return who
			}
		}
	}
	return who
}

// parsePeer reads an address as proxies write it: alone, or with a port, IPv6 then in brackets.
func parsePeer(text []byte) (p peer, ok bool) {
	host := text
	if port := portIn(text); port != nil {
		number, err := strconv.ParseUint(view(port), 10, 16)
		if err != nil {
			return p, false
		}
		p.port, host = uint16(number), text[:len(text)-len(port)-1]
	}
	if n := len(host); n > 1 && host[0] == '[' && host[n-1] == ']' {
		host = host[1 : n-1]
	}
	address, err := netip.ParseAddr(view(host))
	if err != nil || address.Zone() != "" {
		return peer{}, false
	}
	p.address, p.family = address.As16(), unix.AF_INET6
	if address.Unmap().Is4() {
		p.family = unix.AF_INET
	}
	return p, true
}

// portIn returns the port of `host:port` or `[address]:port`, nil when there is none; a bare IPv6 address has none.
func portIn(text []byte) []byte {
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

// view is b as a string without a copy, for parsers that keep nothing of it.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
