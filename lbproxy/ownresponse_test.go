package lbproxy

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"percore/lbproxy/http1"
	"percore/lbproxy/page"
)

func TestOurResponsesInEachFormat(t *testing.T) {
	tests := []struct{ accept, contentType, body string }{
		{"text/html", "text/html; charset=utf-8", "<title>503 Service Unavailable: "},
		{"application/json", "application/json", `{"status":503,"error":"Service Unavailable","reason":"`},
		{"*/*", "text/plain; charset=utf-8", "503 Service Unavailable: "},
	}
	const htmlBeginning = "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">"
	for _, test := range tests {
		for _, request := range []string{
			"%s / HTTP/1.1\r\nHost: x\r\nAccept: %s\r\n\r\n",
			"%s / HTTP/1.1\r\nHost: x\r\nAccept: %s\r\nContent-Length: 5\r\n\r\nhello",
			"%s / HTTP/1.1\r\nHost: x\r\nAccept: %s\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		} {
			for _, method := range []string{"GET", "HEAD"} {
				t.Run(test.accept+" "+method, func(t *testing.T) {
					r := newRig(t, func(o *Options) { o.Services[0].QueueSize = 0 })
					r.apply(false)
					c := r.client()
					for range 2 { // the connection is kept
						a := c.do(fmt.Sprintf(request, method, test.accept))
						if a.StatusCode != 503 || a.Header.Get("Content-Type") != test.contentType || a.Header.Get("Retry-After") != "1" || a.Header.Get("Date") == "" {
							t.Errorf("head: got %d %v, want 503, %s, a date and Retry-After", a.StatusCode, a.Header, test.contentType)
						}
						body := strings.ReplaceAll(a.body, htmlBeginning, "")
						if want := method == "GET"; strings.HasPrefix(body, test.body) != want || a.err != nil {
							t.Errorf("body: got %q and error %v, want it to begin with %q: %t", a.body, a.err, test.body, want)
						}
						if a.ContentLength <= 0 {
							t.Errorf("length: got %d, want one, also for HEAD", a.ContentLength)
						}
					}
				})
			}
		}
	}
}

// TestNoReasonNeedsEscaping holds what page.Append relies on, and that the room for a body is enough.
func TestNoReasonNeedsEscaping(t *testing.T) {
	var reasons []string
	for _, o := range outcomes {
		reasons = append(reasons, o.reason)
	}
	for _, head := range []string{"GET\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nA b: c\r\n\r\n"} {
		if _, err := new(http1.Request).Parse([]byte(head), 0, http1.DefaultLimits); err != nil {
			reasons = append(reasons, err.Error())
		}
	}
	for _, reason := range reasons {
		if strings.ContainsAny(reason, `<>&"\`) {
			t.Errorf("reason %q has to be escaped", reason)
		}
		const longest = 431 // of our statuses' own words
		for _, f := range []page.Format{page.HTML, page.Text, page.JSON} {
			if body := page.Append(nil, f, longest, reason); len(body) > page.BodyBytesMax {
				t.Errorf("%q: got %d bytes, want at most %d", reason, len(body), page.BodyBytesMax)
			}
		}
	}
}

func TestABodyThatIsTooLargeIsRefusedInTheClientsFormat(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Services[0].ClientMaxBodySize = 10 })
	r.workers(newStub(t, constant("never")).address)
	c := r.client().send("POST / HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\nContent-Length: 11\r\n\r\n")
	a := c.read("POST")
	a.want(t, 413, `~{"status":413,"error":"Content Too Large"`)
	if _, err := io.WriteString(c.TCPConn, "hello world"); err != nil {
		t.Fatal(err)
	}
	c.wantEnd()
}

// TestTheFormatOfARefusalFollowsAccept has heads that are complete and can be told apart into fields, but are refused.
func TestTheFormatOfARefusalFollowsAccept(t *testing.T) {
	r := newRig(t, nil)
	for name, head := range map[string]string{
		"a method that is not allowed":  "TRACE / HTTP/1.1\r\nHost: x\r\n",
		"an unknown expectation":        "GET / HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n",
		"a coding that is not there":    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n",
		"a version that is not spoken":  "GET / HTTP/2.0\r\nHost: x\r\n",
		"no Host":                       "GET / HTTP/1.1\r\n",
		"a target that is too long":     "GET /" + strings.Repeat("x", 17<<10) + " HTTP/1.1\r\nHost: x\r\n",
		"a head with too many fields":   "GET / HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\n" + strings.Repeat("A: b\r\n", 220),
		"a body of a known fixed limit": "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			if got := r.raw(head + "Accept: application/json\r\n\r\n"); !strings.Contains(got, "\r\nContent-Type: application/json\r\n") {
				t.Errorf("answer: got %.300q, want it in JSON", got)
			}
		})
	}
}
