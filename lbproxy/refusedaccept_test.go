package lbproxy

import (
	"strings"
	"testing"
)

// TestTheFormatOfARefusalFollowsAccept has heads that are complete and can be told apart into fields, but are refused.
func TestTheFormatOfARefusalFollowsAccept(t *testing.T) {
	r := newRig(t, nil)
	for name, head := range map[string]string{
		"a method that is not allowed":  "TRACE / HTTP/1.1\r\nHost: x\r\n",
		"an unknown expectation":        "GET / HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n",
		"a coding that is not there":    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n",
		"a version that is not spoken":  "GET / HTTP/2.0\r\nHost: x\r\n",
		"no Host":                       "GET / HTTP/1.1\r\n",
		"a target that is too long":     "GET /" + strings.Repeat("x", 9000) + " HTTP/1.1\r\nHost: x\r\n",
		"a head with too many fields":   "GET / HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\n" + strings.Repeat("A: b\r\n", 120),
		"a body of a known fixed limit": "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			if got := r.raw(head + "Accept: application/json\r\n\r\n"); !strings.Contains(got, "\r\nContent-Type: application/json\r\n") {
				t.Errorf("answer: got %.300q, want it in JSON", got)
			}
		})
	}
}
