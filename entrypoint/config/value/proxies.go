package value

import (
	"errors"
	"net/netip"
	"strings"
)

// Proxies are the peers whose word about a client counts.
type Proxies struct {
	Prefixes []netip.Prefix
	Unix     bool // every peer on a unix socket
}

// UnmarshalText reads a comma-separated list of `10.0.0.0/8`, `192.0.2.7`, `2001:db8::/32` or `unix`.
func (p *Proxies) UnmarshalText(text []byte) error {
	var list Proxies
	for item := range strings.SplitSeq(string(text), ",") {
		item = strings.TrimSpace(item)
		if item == "unix" {
			list.Unix = true
			continue
		}
		prefix, err := parsePrefix(item)
		if err != nil {
			return err
		}
		list.Prefixes = append(list.Prefixes, prefix)
	}
	*p = list
	return nil
}

// parsePrefix reads a block of addresses, or one address. Bits beyond the block are a mistake in one or the other.
func parsePrefix(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil && address.Zone() == "" {
		return netip.PrefixFrom(address.Unmap(), address.Unmap().BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		return prefix, errors.New("is neither an address, nor a block such as 10.0.0.0/8, nor unix")
	case prefix.Addr().Is4In6():
		return prefix, errors.New("has an IPv4 block in the form of IPv6: write it as in 10.0.0.0/8")
	case prefix != prefix.Masked():
		return prefix, errors.New("has bits beyond its block: did you mean " + prefix.Masked().String() + "?")
	}
	return prefix, nil
}

// IsEmpty reports whether no peer is on the list.
func (p Proxies) IsEmpty() bool { return len(p.Prefixes) == 0 && !p.Unix }

// String is the list with commas.
func (p Proxies) String() string {
	var words []string
	for _, prefix := range p.Prefixes {
		words = append(words, prefix.String())
	}
	if p.Unix {
		words = append(words, "unix")
	}
	return strings.Join(words, ",")
}

// Syntax is what UnmarshalText takes, in a few words.
func (Proxies) Syntax() string { return "list of addresses and blocks, `unix`" }
