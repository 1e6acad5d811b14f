// Package siege has the clients of a besieged front door: the attacks of those that use up places or buffers by waiting, and the
// guests, whose requests have to be answered all the same. Who attacks, from where and how many there are, is its users' matter:
// lbproxy besieges its loops from goroutines of a test, e2e/tough a container from a process of its own.
//
// It knows nothing of what it besieges, but that GET / is answered with the body "ok" and GET /large with many bytes.
package siege

import "strings"

// Attack is a way to use up places or buffers by waiting.
type Attack struct {
	Name string
	Says string // at first
	Drip string // sent again and again behind it, until the connection ends; empty for none
	Deaf bool   // reads nothing
}

// Attacks are the ones that docs/limits.md tells of.
func Attacks() []Attack {
	return []Attack{
		{Name: "half of a small body", Says: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf"},
		{Name: "most of a head", Says: "GET / HTTP/1.1\r\nHost: x\r\nA: " + strings.Repeat("x", 3000)},
		{
			Name: "most of a body that is held",
			Says: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 65000\r\n\r\n" + strings.Repeat("x", 60_000),
		},
		{Name: "a body that drips", Says: "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", Drip: "1\r\nx\r\n"},
		// What comes ahead of a request shows a reset.
		{Name: "an answer that is not read", Says: "GET /large HTTP/1.1\r\nHost: x\r\n\r\n", Drip: "\r\n", Deaf: true},
		{Name: "more behind the last answer", Says: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n", Drip: "x"},
	}
}
