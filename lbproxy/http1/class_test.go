package http1_test

import (
	"strings"
	"testing"

	"percore/lbproxy/http1"
)

// Alphabets as the RFCs write them; the tests below try all 256 bytes against them.
const (
	letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	digits  = "0123456789"
	tchar   = "!#$%&'*+-.^_`|~" + digits + letters           // RFC 9110 section 5.6.2
	regName = "-._~" + "!$&'()*+;=" + digits + letters + ":" // RFC 3986 section 3.2.2, without comma, with an empty port
)

// accepted reports whether the request is complete and not refused.
func accepted(raw string) bool {
	var r http1.Request
	n, err := r.Parse([]byte(raw), 0, http1.DefaultLimits)
	return n == len(raw) && err == nil
}

func TestNamesAreOfTokenCharacters(t *testing.T) {
	for c := range 256 {
		want := strings.IndexByte(tchar, byte(c)) >= 0
		for _, name := range []string{"a" + string([]byte{byte(c)}), string([]byte{byte(c)}) + "a"} {
			if c == ':' {
				continue // ends the name
			}
			if got := accepted("GET / HTTP/1.1\r\nHost: a\r\n" + name + ": b\r\n\r\n"); got != want {
				t.Errorf("field name %q: got accepted %t, want %t", name, got, want)
			}
			if got := accepted(name + " / HTTP/1.1\r\nHost: a\r\n\r\n"); got != want {
				t.Errorf("method %q: got accepted %t, want %t", name, got, want)
			}
		}
	}
}

// Values are scanned eight bytes at a time, so every byte is tried at every place around two such steps.
func TestValuesAreFreeOfControlsAtEveryPlace(t *testing.T) {
	for c := range 256 {
		want := c == '\t' || c >= ' ' && c != 0x7f
		for place := range 20 {
			for _, around := range []string{"a", "\xff", "\x80", "\t"} {
				value := strings.Repeat(around, place) + string([]byte{byte(c)}) + strings.Repeat(around, 20-place)
				if got := accepted("GET / HTTP/1.1\r\nHost: a\r\nX: " + value + "\r\n\r\n"); got != want {
					t.Errorf("value %q: got accepted %t, want %t", value, got, want)
				}
			}
		}
	}
}

func TestTargetsAreOfVisibleASCII(t *testing.T) {
	for c := range 256 {
		want := c > ' ' && c < 0x7f && c != '#'
		target := "/a" + string([]byte{byte(c)}) + "b"
		if got := accepted("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n"); got != want {
			t.Errorf("target %q: got accepted %t, want %t", target, got, want)
		}
	}
}

func TestHostsAreOfNameCharacters(t *testing.T) {
	for c := range 256 {
		want := strings.IndexByte(regName, byte(c)) >= 0 || c == ' ' || c == '\t' // whitespace after it is no part of it
		if got := accepted("GET / HTTP/1.1\r\nHost: a" + string([]byte{byte(c)}) + "\r\n\r\n"); got != want {
			t.Errorf("Host with byte %#x: got accepted %t, want %t", c, got, want)
		}
	}
}

func TestChunkSizesAreOfHexDigits(t *testing.T) {
	for c := range 256 {
		value := strings.IndexByte("0123456789abcdef", byte(c))
		if value < 0 {
			value = strings.IndexByte("0123456789ABCDEF", byte(c))
		}
		raw := string([]byte{byte(c)}) + "\r\n" + strings.Repeat("d", max(value, 0)) + "\r\n"
		if value != 0 {
			raw += http1.LastChunk
		}
		got := decode(t, []byte(raw), len(raw))
		if got.done != (value >= 0) || got.done && len(got.data) != value {
			t.Errorf("size by byte %#x: got %+v, want %d bytes", c, got, value)
		}
	}
}
