package http1

import (
	"encoding/binary"
	"math/bits"
)

// Properties of a byte.
const (
	classToken      = 1 << iota // tchar, RFC 9110 section 5.6.2
	classUnderscore             // '_'
	classHost                   // unreserved and sub-delims of RFC 3986 section 2, without comma
)

// Short names for the table: a byte of a token, of a host name, of both, and the underscore.
const (
	tk = classToken
	hs = classHost
	th = classToken | classHost
	us = classToken | classHost | classUnderscore
)

var class = [256]uint8{
	'!': th, '#': tk, '$': th, '%': tk, '&': th, '\'': th, '(': hs, ')': hs, '*': th, '+': th, '-': th, '.': th,
	'0': th, '1': th, '2': th, '3': th, '4': th, '5': th, '6': th, '7': th, '8': th, '9': th, ';': hs, '=': hs,
	'A': th, 'B': th, 'C': th, 'D': th, 'E': th, 'F': th, 'G': th, 'H': th, 'I': th, 'J': th, 'K': th, 'L': th, 'M': th,
	'N': th, 'O': th, 'P': th, 'Q': th, 'R': th, 'S': th, 'T': th, 'U': th, 'V': th, 'W': th, 'X': th, 'Y': th, 'Z': th,
	'^': tk, '_': us, '`': tk,
	'a': th, 'b': th, 'c': th, 'd': th, 'e': th, 'f': th, 'g': th, 'h': th, 'i': th, 'j': th, 'k': th, 'l': th, 'm': th,
	'n': th, 'o': th, 'p': th, 'q': th, 'r': th, 's': th, 't': th, 'u': th, 'v': th, 'w': th, 'x': th, 'y': th, 'z': th,
	'|': tk, '~': th,
}

func isDigit(c byte) bool { return c-'0' <= 9 }

func isHex(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

// isBlank reports whether c is whitespace within a line (RFC 9110 section 5.6.3).
func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// isControl reports whether c may not occur within a line; HTAB may.
func isControl(c byte) bool { return c < ' ' && c != '\t' || c == 0x7f }

func isToken(b []byte) bool {
	for _, c := range b {
		if class[c]&classToken == 0 {
			return false
		}
	}
	return len(b) > 0
}

// controlAt returns the index of the first control character at or after b[i], HTAB included, or len(b). Eight bytes
// at a time: of all bytes of a head most are in values. A borrow can spoil only bytes above the first hit.
func controlAt(b []byte, i int) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(b); i += 8 {
		word := binary.LittleEndian.Uint64(b[i:])
		low := (word - 0x20*ones) &^ word
		del := word ^ 0x7f*ones
		del = (del - ones) &^ del
		if hits := (low | del) & tops; hits != 0 {
			return i + bits.TrailingZeros64(hits)/8
		}
	}
	for i < len(b) && b[i] >= ' ' && b[i] != 0x7f {
		i++
	}
	return i
}

// EqualFold reports whether a is lower, which is in lower case, in any case of its ASCII letters.
func EqualFold(a []byte, lower string) bool {
	if len(a) != len(lower) {
		return false
	}
	for i := range a {
		if c := a[i]; c != lower[i] && toLower(c) != lower[i] {
			return false
		}
	}
	return true
}

func equalFoldBytes(a, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if toLower(a[i]) != toLower(b[i]) {
			return false
		}
	}
	return true
}

func toLower(c byte) byte {
	if c-'A' <= 'Z'-'A' {
		return c | 0x20
	}
	return c
}
