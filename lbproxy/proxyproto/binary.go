package proxyproto

import (
	"encoding/binary"
	"hash/crc32"
	"net/netip"
)

// signature begins version 2; no other protocol begins so (section 2.2).
const signature = "\r\n\r\n\x00\r\nQUIT\n"

// The fixed part of version 2: the signature, version and command, family and transport, and the length of the rest.
const (
	commandAt   = 12
	familyAt    = 13
	lengthAt    = 14
	fixedBytes  = 16
	binaryMax   = 16 << 10 // HAProxy's own limit; AWS and Azure send less than 256 bytes
	commandMask = 0x0f
)

// Version and command in one byte.
const (
	version2     = 0x20
	commandLocal = 0
	commandProxy = 1
)

// Family and transport in one byte. What is none of these has no addresses that we could use.
const (
	familyNone  = 0x00
	familyTCP4  = 0x11
	familyTCP6  = 0x21
	family4     = 0x1
	family6     = 0x2
	familyUnix  = 0x3
	bytes4      = 4 + 4 + 2 + 2
	bytes6      = 16 + 16 + 2 + 2
	bytesUnix   = 108 + 108
	typeCRC32C  = 0x03
	tlvBytes    = 3 // type and length
	crc32cBytes = 4
)

// parseBinary reads version 2.
func parseBinary(b []byte) (Header, int, error) {
	if !startsLike(b, signature) {
		return Header{}, 0, ErrNotProxy
	}
	if len(b) > commandAt && (b[commandAt]&^commandMask != version2 || b[commandAt]&commandMask > commandProxy) {
		return Header{}, 0, ErrVersion
	}
	if len(b) < fixedBytes {
		return Header{}, 0, errIncomplete
	}
	n := fixedBytes + int(binary.BigEndian.Uint16(b[lengthAt:]))
	switch {
	case n > binaryMax:
		return Header{}, 0, ErrTooLarge
	case len(b) < n:
		return Header{}, 0, errIncomplete
	case b[commandAt]&commandMask == commandLocal: // the rest is to be thrown away unread
		return Header{}, n, nil
	}
	h, err := parseAddresses(b[:n])
	if err != nil {
		return Header{}, 0, err
	}
	return h, n, nil
}

// parseAddresses reads a whole header whose command is PROXY.
func parseAddresses(b []byte) (h Header, err error) {
	size := 0
	switch b[familyAt] >> 4 {
	case familyNone:
	case family4:
		size = bytes4
	case family6:
		size = bytes6
	case familyUnix:
		size = bytesUnix
	default: // of a family that we do not know we cannot know either where its addresses end
		return Header{}, nil
	}
	if len(b) < fixedBytes+size {
		return Header{}, ErrLength
	}
	a := b[fixedBytes : fixedBytes+size]
	switch b[familyAt] {
	case familyTCP4:
		h = Header{Known: true, Source: endOf(netip.AddrFrom4([4]byte(a)), a[8:]), Destination: endOf(netip.AddrFrom4([4]byte(a[4:])), a[10:])}
	case familyTCP6:
		h = Header{Known: true, Source: endOf(netip.AddrFrom16([16]byte(a)), a[32:]), Destination: endOf(netip.AddrFrom16([16]byte(a[16:])), a[34:])}
	}
	return h, checkVectors(b, fixedBytes+size)
}

func endOf(ip netip.Addr, port []byte) netip.AddrPort {
	return netip.AddrPortFrom(ip, binary.BigEndian.Uint16(port))
}

// checkVectors walks over the type-length-values behind the addresses, which say nothing that we use but for the
// checksum: where there is one it has to be right (section 2.2.3).
func checkVectors(b []byte, at int) error {
	checksum := 0
	for at < len(b) {
		if len(b)-at < tlvBytes {
			return ErrLength
		}
		value := at + tlvBytes
		size := int(binary.BigEndian.Uint16(b[at+1:]))
		if size > len(b)-value {
			return ErrLength
		}
		if b[at] == typeCRC32C {
			if checksum > 0 || size != crc32cBytes {
				return ErrChecksum
			}
			checksum = value
		}
		at = value + size
	}
	if checksum > 0 && !sumIsRight(b, checksum) {
		return ErrChecksum
	}
	return nil
}

// sumIsRight computes CRC-32C over the header with zeros in the checksum's own place.
func sumIsRight(b []byte, at int) bool {
	table := crc32.MakeTable(crc32.Castagnoli)
	sum := crc32.Update(0, table, b[:at])
	sum = crc32.Update(sum, table, make([]byte, crc32cBytes))
	sum = crc32.Update(sum, table, b[at+crc32cBytes:])
	return sum == binary.BigEndian.Uint32(b[at:])
}
