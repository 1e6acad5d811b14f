package demo

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"percore/lbproxy/http1"
)

func TestHowSlowAnAnswerIs(t *testing.T) {
	for query, want := range map[string]time.Duration{
		"ms=5": 5 * time.Millisecond, "a=b&ms=5": 5 * time.Millisecond, "ms=5&ms=7": 5 * time.Millisecond,
		"ms=10000": slowMax, "ms=10001": slowMax, "ms=2147483647": slowMax,
		"": 0, "ms": 0, "ms=": 0, "ms=-1": 0, "ms=1.5": 0, "ms=x": 0, "ms=99999999999999999999": 0, "xms=5": 0,
		"ms=0": 0,
	} {
		if got := slowness(query); got != want {
			t.Errorf("%q: got %v, want %v", query, got, want)
		}
	}
}

func TestATargetIsCutAtItsFirstQuestionMark(t *testing.T) {
	for origin, want := range map[string][2]string{"/": {"/", ""}, "/slow?ms=1": {"/slow", "ms=1"}, "/a?b?c": {"/a", "b?c"}, "/?": {"/", ""}, "": {"", ""}} {
		if path, query := splitOrigin([]byte(origin)); path != want[0] || query != want[1] {
			t.Errorf("%q: got %q and %q, want %q", origin, path, query, want)
		}
	}
}

// Every head is one that a client of the standard library reads, with the connection kept or not as it says.
func TestAHeadIsWhatClientsRead(t *testing.T) {
	for _, status := range []int{200, 400, 405, 414, 417, 431, 501, 505, 599} {
		for _, keep := range []bool{true, false} {
			for minor := range uint8(2) {
				wire := append(appendHead(nil, status, typeText, 5, keep, minor), "hello"...)
				response, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(wire)), nil)
				if err != nil {
					t.Fatalf("%d: %v in\n%s", status, err, wire)
				}
				response.Body.Close()
				if phrase, _ := strings.CutPrefix(response.Status, response.Status[:3]+" "); status != 599 &&
					phrase != http.StatusText(status) && status != 414 || response.StatusCode != status {
					t.Errorf("%d: got %q, want %q", status, response.Status, http.StatusText(status))
				}
				if response.ContentLength != 5 || response.Header.Get("Content-Type") != typeText ||
					response.Header.Get("Vary") != "Accept" || response.Header.Get("Cache-Control") != "no-store" {
					t.Errorf("%d: got length %d and %v", status, response.ContentLength, response.Header)
				}
				if _, err := http.ParseTime(response.Header.Get("Date")); err != nil {
					t.Errorf("date: %v", err)
				}
				want := ""
				if !keep {
					want = "close"
				} else if minor == 0 {
					want = "keep-alive"
				}
				if got := response.Header.Get("Connection"); got != want && !(want == "close" && response.Close) {
					t.Errorf("kept %t, HTTP/1.%d: got Connection %q, want %q", keep, minor, got, want)
				}
			}
		}
	}
}

func TestWhichFormAnAnswerHas(t *testing.T) {
	p := page{Worker: "<web>-8000", Index: 3, Method: "GET", Target: "/?<script>", Client: "192.0.2.1:80", Scheme: "https"}
	for name, c := range map[string]struct {
		path, accept string
		want         string
		has, not     string
	}{
		"text":              {path: "/", want: typeText, has: "Hello from <web>-8000!", not: "<html"},
		"text for any type": {path: "/", accept: "*/*", want: typeText, has: "request   GET /?<script>"},
		"HTML for a browser": {
			path: "/", accept: "text/html,application/xhtml+xml,*/*;q=0.8", want: typeHTML, has: "&lt;web&gt;-8000",
			not: "<script>",
		},
		"in any case of letters":    {path: "/x", accept: "Text/HTML", want: typeHTML, has: "(index 3)"},
		"JSON by its path":          {path: "/json", want: typeJSON, has: `"scheme":"https"`},
		"which is more than Accept": {path: "/json", accept: "text/html", want: typeJSON, has: `"client":"192.0.2.1:80"`, not: "<html"},
		"below it is another path":  {path: "/json/", want: typeText, has: "Hello"},
	} {
		mediaType, content := p.render(
			c.path,
			acceptsHTML([]http1.Field{{ID: http1.FieldHost, Value: []byte("text/html")}, {ID: http1.FieldAccept, Value: []byte(c.accept)}}),
		)
		if mediaType != c.want || !strings.Contains(string(content), c.has) || c.not != "" && strings.Contains(string(content), c.not) {
			t.Errorf("%s: got %s and\n%s\nwant %s with %q", name, mediaType, content, c.want, c.has)
		}
	}
	var back page
	if err := json.Unmarshal(p.json(), &back); err != nil || back != p {
		t.Errorf("JSON: got %+v and %v, want %+v", back, err, p)
	}
}

// Bodies are counted off whole and byte by byte, and never a byte too far: what follows is the next request.
func TestABodyEndsWhereItDoes(t *testing.T) {
	for name, c := range map[string]struct {
		framing http1.Framing
		length  int64
		body    string
		broken  bool
	}{
		"none":              {framing: http1.FramingNone},
		"of a length":       {framing: http1.FramingLength, length: 5, body: "hello"},
		"of no length":      {framing: http1.FramingLength},
		"in chunks":         {framing: http1.FramingChunked, body: "5\r\nhello\r\n0\r\n\r\n"},
		"without a chunk":   {framing: http1.FramingChunked, body: "0\r\n\r\n"},
		"in broken chunks":  {framing: http1.FramingChunked, body: "x\r\n", broken: true},
		"with its trailers": {framing: http1.FramingChunked, body: "1\r\na\r\n0\r\nA: b\r\n\r\n"},
	} {
		for _, step := range []int{1, 3, 1000} {
			y, wire, taken := body{framing: c.framing, left: c.length}, c.body+"GET / HTTP/1.1\r\n", 0
			var wrong error
			for at := 0; at < len(wire) && !y.done() && wrong == nil; {
				n, err := y.skip([]byte(wire[at:min(len(wire), at+step)]))
				at, taken, wrong = at+n, taken+n, err
				if n == 0 && err == nil {
					step++ // the decoder wants to see more at once
				}
			}
			if (wrong != nil) != c.broken || !c.broken && (taken != len(c.body) || !y.done()) {
				t.Errorf("%s, %d bytes at once: got %d bytes, done %t and %v, want %d", name, step, taken, y.done(), wrong, len(c.body))
			}
		}
	}
}
