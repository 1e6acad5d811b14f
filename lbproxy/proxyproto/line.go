package proxyproto

import (
	"bytes"
	"net/netip"
	"strconv"
)

// lineBytesMax is the longest line of version 1, its CR LF included (section 2.1).
const lineBytesMax = 107

const linePrefix = "PROXY "

// parseLine reads version 1: `PROXY TCP4 SOURCE DESTINATION PORT PORT` or `PROXY UNKNOWN …`, with single spaces and CR
// LF.
func parseLine(b []byte) (Header, int, error) {
	if !startsLike(b, linePrefix) {
		return Header{}, 0, ErrNotProxy
	}
	end := bytes.IndexByte(b[:min(len(b), lineBytesMax)], '\n')
	if end < 0 {
		if len(b) >= lineBytesMax {
			return Header{}, 0, ErrLineLong
		}
		return Header{}, 0, errIncomplete
	}
	if end < len(linePrefix) || b[end-1] != '\r' || bytes.IndexByte(b[:end-1], '\r') >= 0 {
		return Header{}, 0, ErrLine
	}
	h, ok := parseWords(b[len(linePrefix) : end-1])
	if !ok {
		return Header{}, 0, ErrLine
	}
	return h, end + 1, nil
}

// parseWords reads what stands between `PROXY ` and the line's end. Behind UNKNOWN anything may follow; it is ignored.
func parseWords(line []byte) (h Header, ok bool) {
	words := bytes.Split(line, []byte(" "))
	if string(words[0]) == "UNKNOWN" {
		return Header{}, true
	}
	if len(words) != 5 || string(words[0]) != "TCP4" && string(words[0]) != "TCP6" {
		return Header{}, false
	}
	four := string(words[0]) == "TCP4"
	source, fromOK := parseEnd(words[1], words[3], four)
	destination, toOK := parseEnd(words[2], words[4], four)
	return Header{Known: true, Source: source, Destination: destination}, fromOK && toOK
}

func parseEnd(address, port []byte, four bool) (netip.AddrPort, bool) {
	ip, err := netip.ParseAddr(string(address))
	if err != nil || ip.Zone() != "" || ip.Is4() != four {
		return netip.AddrPort{}, false
	}
	n, err := strconv.ParseUint(string(port), 10, 16)
	if err != nil || len(port) > 1 && port[0] == '0' {
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(ip, uint16(n)), true
}
