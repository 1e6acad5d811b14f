package lbproxy

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"percore/lbproxy/http1"
)

func TestTheFormatOfOurAnswersFollowsAccept(t *testing.T) {
	tests := []struct {
		name, fields string
		want         bodyFormat
	}{
		{"nothing said", "", formatHTML},
		{"a browser", "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n", formatHTML},
		{"curl", "Accept: */*\r\n", formatText},
		{"a script that wants JSON before text", "accept: application/json, text/plain, */*\r\n", formatJSON},
		{"text before JSON", "Accept: text/plain, application/json\r\n", formatText},
		{"weights", "Accept: text/html;q=0.5, application/json;q=0.9, text/plain;q=0.1\r\n", formatJSON},
		{"weights of three digits", "Accept: text/html;q=0.501,application/json;q=0.502\r\n", formatJSON},
		{"a weight behind other parameters", "Accept: text/html; level=1; q=0.2, application/json;q=0.3\r\n", formatJSON},
		{"a capital Q", "Accept: text/html;Q=0.2, application/json;q=0.3\r\n", formatJSON},
		{"a weight of nothing forbids", "Accept: text/plain;q=0, */*\r\n", formatHTML},
		{"everything forbidden", "Accept: */*;q=0\r\n", formatText},
		{"the more specific range counts, wherever it stands", "Accept: */*;q=0.9, text/plain;q=0.1, text/html;q=0.2\r\n", formatJSON},
		{"any text", "Accept: text/*\r\n", formatText},
		{"any application", "Accept: application/*\r\n", formatJSON},
		{"a relative of JSON", "Accept: application/problem+json\r\n", formatJSON},
		{"XHTML", "Accept: application/xhtml+xml\r\n", formatHTML},
		{"capitals", "ACCEPT: TEXT/HTML\r\n", formatHTML},
		{"an exact range before a wildcard of the same weight", "Accept: */*, application/json\r\n", formatJSON},
		{"several fields are one list", "Accept: image/png\r\nAccept: application/json\r\n", formatJSON},
		{"nothing of ours", "Accept: image/avif, image/webp\r\n", formatText},
		{"rubbish", "Accept: ;;;q=,/,,q=0.5;\r\n", formatText},
		{"another field", "Accept-Encoding: application/json\r\n", formatHTML},
		{"a body that looks like a field", "\r\nAccept: application/json\r\n", formatHTML},
	}
	for _, test := range tests {
		if got := formatFor([]byte("GET / HTTP/1.1\r\n" + test.fields + "\r\n")); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, contentTypes[got], contentTypes[test.want])
		}
	}
}

func TestOurAnswersInEachFormat(t *testing.T) {
	tests := []struct{ accept, contentType, body string }{
		{"text/html", "text/html; charset=utf-8", "<title>503 Service Unavailable: "},
		{"application/json", "application/json", `{"status":503,"error":"Service Unavailable","reason":"`},
		{"*/*", "text/plain; charset=utf-8", "503 Service Unavailable: "},
	}
	for _, test := range tests {
		for _, request := range []string{
			"%s / HTTP/1.1\r\nHost: x\r\nAccept: %s\r\n\r\n",
			"%s / HTTP/1.1\r\nHost: x\r\nAccept: %s\r\nContent-Length: 5\r\n\r\nhello",
			"%s / HTTP/1.1\r\nHost: x\r\nAccept: %s\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		} {
			for _, method := range []string{"GET", "HEAD"} {
				t.Run(test.accept+" "+method, func(t *testing.T) {
					r := newRig(t, func(o *Options) { o.QueueSize = 0 })
					r.apply(false)
					c := r.client()
					for range 2 { // the connection is kept
						a := c.do(fmt.Sprintf(request, method, test.accept))
						if a.StatusCode != 503 || a.Header.Get("Content-Type") != test.contentType || a.Header.Get("Retry-After") != "1" || a.Header.Get("Date") == "" {
							t.Errorf("head: got %d %v, want 503, %s, a date and Retry-After", a.StatusCode, a.Header, test.contentType)
						}
						if want := method == "GET"; strings.HasPrefix(strings.ReplaceAll(a.body, "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">", ""), test.body) != want || a.err != nil {
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

// TestNoReasonNeedsEscaping holds what appendErrorBody relies on, and that the room for a body is enough.
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
	for status := range statusText {
		for _, reason := range reasons {
			if strings.ContainsAny(reason, `<>&"\`) {
				t.Errorf("reason %q has to be escaped", reason)
			}
			for f := range bodyFormats {
				body := appendErrorBody(nil, f, status, reason)
				if len(body) > errorBodyBytes {
					t.Errorf("%d, %q: got %d bytes, want at most %d", status, reason, len(body), errorBodyBytes)
				}
				if f == formatJSON && !json.Valid(body) {
					t.Errorf("%d, %q: got %q, want JSON", status, reason, body)
				}
			}
		}
	}
}

func TestABodyThatIsTooLargeIsRefusedInTheClientsFormat(t *testing.T) {
	r := newRig(t, func(o *Options) { o.ClientMaxBodySize = 10 })
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
