package value

import (
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// unixPathMax is what fits in sockaddr_un beside the final NUL (man 7 unix).
const unixPathMax = 107

// Address is where a listener is opened: a TCP port, or a unix socket when Path is not empty.
type Address struct {
	Host netip.Addr // the zero Addr: every address of the machine, IPv6 and IPv4
	Port int        // 1 to 65535
	Path string     // absolute path of a unix socket
}

// Listen is a list of distinct addresses.
type Listen []Address

// UnmarshalText reads a comma-separated list of `:8080`, `8080`, `*:8080`, `127.0.0.1:80`, `[::]:80` or `unix:/path`.
func (l *Listen) UnmarshalText(text []byte) error {
	var list Listen
	for item := range strings.SplitSeq(string(text), ",") {
		a, err := parseAddress(strings.TrimSpace(item))
		if err != nil {
			return err
		}
		if slices.Contains(list, a) {
			return errors.New("names " + a.String() + " twice")
		}
		list = append(list, a)
	}
	*l = list
	return nil
}

func parseAddress(text string) (Address, error) {
	if path, ok := strings.CutPrefix(text, "unix:"); ok {
		if !strings.HasPrefix(path, "/") || len(path) > unixPathMax {
			return Address{}, errors.New("needs unix: and an absolute path of at most 107 bytes")
		}
		return Address{Path: path}, nil
	}
	colon := strings.LastIndexByte(text, ':')
	port, err := strconv.ParseUint(text[colon+1:], 10, 16)
	if err != nil || port == 0 {
		return Address{}, errors.New("is not an address with a port from 1 to 65535")
	}
	host, err := parseHost(text[:max(0, colon)])
	return Address{Host: host, Port: int(port)}, err
}

func parseHost(text string) (netip.Addr, error) {
	if text == "" || text == "*" {
		return netip.Addr{}, nil
	}
	bare := strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
	host, err := netip.ParseAddr(bare)
	if err != nil || host.Is6() != (len(text) == len(bare)+2) {
		return netip.Addr{}, errors.New("needs an IP address before the port, IPv6 in brackets")
	}
	return host, nil
}

// String is the form that UnmarshalText reads.
func (a Address) String() string {
	switch {
	case a.Path != "":
		return "unix:" + a.Path
	case !a.Host.IsValid():
		return ":" + strconv.Itoa(a.Port)
	default:
		return netip.AddrPortFrom(a.Host, uint16(a.Port)).String()
	}
}

// Overlaps reports whether two listeners cannot be open at once, unless they share the port on purpose.
func (a Address) Overlaps(b Address) bool {
	if a.Path != "" || b.Path != "" {
		return a.Path == b.Path
	}
	anywhere := func(host netip.Addr) bool { return !host.IsValid() || host.IsUnspecified() }
	return a.Port == b.Port && (a.Host == b.Host || anywhere(a.Host) || anywhere(b.Host))
}

// OnLoopback reports whether a listener on a also takes the connections to 127.0.0.1, where the workers listen.
func (a Address) OnLoopback() bool {
	isEvery := !a.Host.IsValid() || a.Host.IsUnspecified()
	return a.Path == "" && (isEvery || a.Host.Unmap() == netip.AddrFrom4([4]byte{127, 0, 0, 1}))
}

// String is the list with commas.
func (l Listen) String() string {
	words := make([]string, len(l))
	for i, a := range l {
		words[i] = a.String()
	}
	return strings.Join(words, ",")
}

// Syntax is what UnmarshalText takes, in a few words.
func (Listen) Syntax() string { return "list of addresses" }
