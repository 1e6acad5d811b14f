package http1_test

import (
	"errors"
	"strings"
	"testing"

	"percore/lbproxy/http1"
)

// fieldCase is a head with faulty field lines; it is tried in a request and, where it can occur there, in a response.
type fieldCase struct {
	name   string
	fields string
	status int // in a request; 502 in a response
}

func TestFramingThatCouldBeReadInTwoWaysIsRefused(t *testing.T) {
	const te = "Transfer-Encoding: "
	cases := []fieldCase{
		{"Content-Length before Transfer-Encoding", "Content-Length: 5\r\n" + te + "chunked\r\n", 400},
		{"Transfer-Encoding before Content-Length", te + "chunked\r\nContent-Length: 5\r\n", 400},
		{"two codings with chunked last", te + "gzip, chunked\r\n", 501},
		{"a known other coding", te + "gzip\r\n", 501},
		{"another known coding", te + "Deflate\r\n", 501},
		{"an unknown coding", te + "xchunked\r\n", 400},
		{"an unknown coding beside a known one", te + "gzip, cow\r\n", 400},
		{"identity", te + "identity\r\n", 400},
		{"chunked after an empty element", te + ",chunked\r\n", 400},
		{"chunked before an empty element", te + "chunked,\r\n", 400},
		{"chunked twice", te + "chunked, chunked\r\n", 400},
		{"chunked in two fields", te + "chunked\r\n" + te + "chunked\r\n", 400},
		{"chunked padded with no-break space", te + "chunked\xa0\r\n", 400},
		{"chunked padded with NEL", te + "\x85chunked\r\n", 400},
		{"chunked padded with vertical tab", te + "chunked\v\r\n", 400},
		{"chunked with a parameter", te + "chunked;a=b\r\n", 400},
		{"chunked in quotes", te + "\"chunked\"\r\n", 400},
		{"an empty coding", te + "\r\n", 400},
		{"a length that is no number", "Content-Length: five\r\n", 400},
		{"a length with a plus sign", "Content-Length: +5\r\n", 400},
		{"a length with a minus sign", "Content-Length: -5\r\n", 400},
		{"a hexadecimal length", "Content-Length: 0x5\r\n", 400},
		{"a length with an underscore", "Content-Length: 1_0\r\n", 400},
		{"a length with a point", "Content-Length: 5.0\r\n", 400},
		{"a length with a space inside", "Content-Length: 1 0\r\n", 400},
		{"a length in other digits", "Content-Length: \xd9\xa5\r\n", 400},
		{"an empty length", "Content-Length:\r\n", 400},
		{"a length beyond an int64", "Content-Length: 9223372036854775808\r\n", 400},
		{"a length of forty digits", "Content-Length: " + strings.Repeat("1", 40) + "\r\n", 400},
		{"a list of lengths", "Content-Length: 5, 5\r\n", 400},
		{"two lengths that differ", "Content-Length: 5\r\nContent-Length: 6\r\n", 400},
		{"two identical lengths", "Content-Length: 5\r\ncontent-length: 5\r\n", 400},
		{"Connection names Host", "Connection: host\r\n", 400},
		{"Connection names Content-Length", "Connection: close, Content-Length\r\n", 400},
		{"Connection names Transfer-Encoding", "Connection: transfer-ENCODING\r\n", 400},
		{"Connection names Authorization", "Connection: keep-alive\r\nConnection: Authorization\r\n", 400},
		{"Connection names too many fields", "Connection: " + strings.Repeat("a,", 33) + "\r\n", 400},
	}
	refuseFields(t, cases)
}

func TestMalformedFieldsAreRefused(t *testing.T) {
	cases := []fieldCase{
		{"a bare CR in a value", "X: a\rb\r\n", 400},
		{"a bare CR before the line end", "X: a\r\r\n", 400},
		{"a bare CR in a name", "X\rY: a\r\n", 400},
		{"a bare CR before the empty line", "X: a\r\n\r\r\n", 400},
		{"a bare LF ends a field line", "X: a\nY: b\r\n", 400},
		{"a bare LF ends a field line with an empty value", "X:\nY: b\r\n", 400},
		{"a bare LF starts a line", "\nX: a\r\n", 400},
		{"a folded line", "X: a\r\n b\r\n", 400},
		{"a line folded with a tab", "X: a\r\n\tb\r\n", 400},
		{"a folded line that looks like a field", "X: a\r\n Y: b\r\n", 400},
		{"a blank before the first field", " X: a\r\n", 400},
		{"a space before the colon", "X : a\r\n", 400},
		{"a tab before the colon", "X\t: a\r\n", 400},
		{"an empty name", ": a\r\n", 400},
		{"a name with a separator", "X(y): a\r\n", 400},
		{"a name with a slash", "X/y: a\r\n", 400},
		{"a name with obs-text", "X\xe9: a\r\n", 400},
		{"a name with NUL", "X\x00: a\r\n", 400},
		{"a name with DEL", "X\x7f: a\r\n", 400},
		{"a line without a colon", "Xyz\r\n", 400},
		{"a line without a colon, with words", "X yz\r\n", 400},
		{"NUL in a value", "X: a\x00b\r\n", 400},
		{"NUL behind eight bytes of a value", "X: abcdefgh\x00b\r\n", 400},
		{"DEL in a value", "X: a\x7fb\r\n", 400},
		{"DEL behind eight bytes of a value", "X: abcdefghi\x7fjklmnopq\r\n", 400},
		{"escape in a value", "X: \x1b[2J\r\n", 400},
		{"form feed around a value", "X: \fa\r\n", 400},
		{"a control behind a tab", "X: a\tb\x01\r\n", 400},
		{"too many fields", strings.Repeat("X: a\r\n", 201), 431},
	}
	refuseFields(t, cases)
}

func TestHeadOfBareLFsIsCompleteAndRefused(t *testing.T) {
	for _, raw := range []string{
		"GET / HTTP/1.1\nHost: a\n\n",
		"GET / HTTP/1.1\r\nHost: a\n\n",
		"GET / HTTP/1.1\r\nHost: a\r\n\n",
		"GET / HTTP/1.1\r\nHost: a\n\r\n",
		"GET / HTTP/1.1\r\n\n",
		"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"\r\n\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
	} {
		got := parseEveryWay(t, []byte(raw), requestParser(http1.DefaultLimits))
		if want := (outcome{status: 400, reason: "line ends with a bare LF"}); got != want {
			t.Errorf("%q: got %+v, want %+v", raw, got, want)
		}
	}
}

// refuseFields tries the fields in a request and in a response.
func refuseFields(t *testing.T, cases []fieldCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			request := "POST / HTTP/1.1\r\nHost: a\r\n" + c.fields + "\r\n"
			refuse(t, request, c.status, requestParser(http1.DefaultLimits))
			response := "HTTP/1.1 200 OK\r\nServer: a\r\n" + c.fields + "\r\n"
			refuse(t, response, 502, responseParser(http1.DefaultLimits, http1.MethodPOST))
		})
	}
}

func refuse(t *testing.T, raw string, status int, fresh func() parser) {
	t.Helper()
	got := parseEveryWay(t, []byte(raw), fresh)
	if got.status != status || got.n != 0 {
		t.Errorf("%.100q: got %+v, want status %d", raw, got, status)
	}
}

func TestRequestIsRefused(t *testing.T) {
	const host = "Host: a\r\n"
	long := strings.Repeat("a", 16384)
	cases := []struct {
		name, raw string
		status    int
	}{
		{"Transfer-Encoding in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
		{"no Host in HTTP/1.1", "GET / HTTP/1.1\r\n\r\n", 400},
		{"no Host beside absolute-form", "GET http://a/ HTTP/1.1\r\n\r\n", 400},
		{"two Hosts", "GET / HTTP/1.1\r\n" + host + host + "\r\n", 400},
		{"two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\n" + host + "Host: b\r\n\r\n", 400},
		{"two Hosts beside absolute-form", "GET http://a/ HTTP/1.1\r\n" + host + host + "\r\n", 400},
		{"an invalid Host beside absolute-form", "GET http://a/ HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
		{"absolute-form with https", "GET https://a/ HTTP/1.1\r\n" + host + "\r\n", 400},
		{"absolute-form with another scheme", "GET ftp://a/ HTTP/1.1\r\n" + host + "\r\n", 400},
		{"absolute-form with an empty host", "GET http:///a HTTP/1.1\r\n" + host + "\r\n", 400},
		{"absolute-form with user information", "GET http://u@a/ HTTP/1.1\r\n" + host + "\r\n", 400},
		{"absolute-form with an invalid port", "GET http://a:b/ HTTP/1.1\r\n" + host + "\r\n", 400},
		{"an IPv6 zone in Host", "GET / HTTP/1.1\r\nHost: [fe80::1%25eth0]\r\n\r\n", 400},
		{"an IPv6 zone in absolute-form", "GET http://[fe80::1%25eth0]/ HTTP/1.1\r\n" + host + "\r\n", 400},
		{"Max-Forwards of an OPTIONS that is no number", "OPTIONS * HTTP/1.1\r\n" + host + "Max-Forwards: -1\r\n\r\n", 400},
		{"Max-Forwards of an OPTIONS that is empty", "OPTIONS * HTTP/1.1\r\n" + host + "Max-Forwards:\r\n\r\n", 400},
		{"two Max-Forwards of an OPTIONS", "OPTIONS * HTTP/1.1\r\n" + host + "Max-Forwards: 1\r\nMax-Forwards: 1\r\n\r\n", 400},
		{"a scheme without an authority", "GET http:/a HTTP/1.1\r\n" + host + "\r\n", 400},
		{"authority-form without CONNECT", "GET a:80 HTTP/1.1\r\n" + host + "\r\n", 400},
		{"a target that is no form at all", "GET a/b HTTP/1.1\r\n" + host + "\r\n", 400},
		{"asterisk-form without OPTIONS", "GET * HTTP/1.1\r\n" + host + "\r\n", 400},
		{"asterisk-form with more", "OPTIONS *a HTTP/1.1\r\n" + host + "\r\n", 400},
		{"a fragment", "GET /a#b HTTP/1.1\r\n" + host + "\r\n", 400},
		{"raw UTF-8 in the target", "GET /\xc3\xa9 HTTP/1.1\r\n" + host + "\r\n", 400},
		{"a space in the target", "GET /a b HTTP/1.1\r\n" + host + "\r\n", 400},
		{"a tab in the target", "GET /a\tb HTTP/1.1\r\n" + host + "\r\n", 400},
		{"NUL in the target", "GET /a\x00 HTTP/1.1\r\n" + host + "\r\n", 400},
		{"DEL in the target", "GET /a\x7f HTTP/1.1\r\n" + host + "\r\n", 400},
		{"CR in the target", "GET /a\rb HTTP/1.1\r\n" + host + "\r\n", 400},
		{"no target", "GET  HTTP/1.1\r\n" + host + "\r\n", 400},
		{"two spaces before the target", "GET  / HTTP/1.1\r\n" + host + "\r\n", 400},
		{"two spaces before the version", "GET /  HTTP/1.1\r\n" + host + "\r\n", 400},
		{"a space after the version", "GET / HTTP/1.1 \r\n" + host + "\r\n", 400},
		{"a tab between the parts", "GET\t/\tHTTP/1.1\r\n" + host + "\r\n", 400},
		{"a space before the method", " GET / HTTP/1.1\r\n" + host + "\r\n", 400},
		{"a method with a separator", "GE(T / HTTP/1.1\r\n" + host + "\r\n", 400},
		{"a method that is too long", strings.Repeat("A", 33) + " / HTTP/1.1\r\n" + host + "\r\n", 400},
		{"a word", "HELLO\r\n", 400},
		{"a line of a CR", "\r\r\n", 400},
		{"a CR after an empty line", "\r\n\rGET / HTTP/1.1\r\n" + host + "\r\n", 400},
		{"five empty lines", "\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\n" + host + "\r\n", 400},
		{"a TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + long[:40], 400},
		{"CONNECT", "CONNECT a:80 HTTP/1.1\r\n" + host + "\r\n", 405},
		{"TRACE", "TRACE / HTTP/1.1\r\n" + host + "\r\n", 405},
		{"HTTP/2", "GET / HTTP/2.0\r\n" + host + "\r\n", 505},
		{"HTTP/2's connection preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
		{"HTTP/1.2", "GET / HTTP/1.2\r\n" + host + "\r\n", 505},
		{"HTTP/0.9 by name", "GET / HTTP/0.9\r\n\r\n", 505},
		{"HTTP/0.9 by omission", "GET /\r\n", 400},
		{"a version in lower case", "GET / http/1.1\r\n" + host + "\r\n", 400},
		{"a version of two digits", "GET / HTTP/11.1\r\n" + host + "\r\n", 400},
		{"a version without minor", "GET / HTTP/2\r\n" + host + "\r\n", 400},
		{"a version with a comma", "GET / HTTP/1,1\r\n" + host + "\r\n", 400},
		{"another protocol", "GET / ICAP/1.0\r\n" + host + "\r\n", 400},
		{"GET with a body in HTTP/1.0", "GET / HTTP/1.0\r\nContent-Length: 1\r\n\r\n", 400},
		{"HEAD with a body in HTTP/1.0", "HEAD / HTTP/1.0\r\nContent-Length: 1\r\n\r\n", 400},
		{"DELETE with a body in HTTP/1.0", "DELETE / HTTP/1.0\r\nContent-Length: 1\r\n\r\n", 400},
		{"an unknown expectation", "GET / HTTP/1.1\r\n" + host + "Expect: 200-ok\r\n\r\n", 417},
		{"an unknown expectation beside a known one", "GET / HTTP/1.1\r\n" + host + "Expect: 100-continue\r\nExpect: x\r\n\r\n", 417},
		{"a target that is too long", "GET /" + long + " HTTP/1.1\r\n" + host + "\r\n", 414},
		{"a target that is too long already in part", "GET /" + long, 414},
		{"a target that is too long by its CR", "GET /" + long[1:] + "\r\n", 414},
		{"a head that is too large", "GET / HTTP/1.1\r\nX: " + long + "\r\nY: " + long + "\r\n\r\n", 431},
		{"a head that is too large already in part", "GET / HTTP/1.1\r\nX: " + long + long, 431},
		{"a head that is too large and bad", "GET / HTTP/1.1\r\nX : " + long + long + "\r\n\r\n", 431},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			refuse(t, c.raw, c.status, requestParser(http1.DefaultLimits))
		})
	}
}

func TestLimitsAreExact(t *testing.T) {
	const start, end = "GET /aaaa HTTP/1.1\r\n", "Host: a\r\nX: b\r\n\r\n"
	exact := http1.Limits{HeadBytes: len(start + end), TargetBytes: len("/aaaa"), Fields: 2}
	raw := []byte(start + end)
	if got := parseEveryWay(t, raw, requestParser(exact)); got.n != len(raw) {
		t.Errorf("at the limits: got %+v, want %d bytes", got, len(raw))
	}
	cases := []struct {
		name   string
		lim    http1.Limits
		status int
	}{
		{"one byte of head less", http1.Limits{HeadBytes: exact.HeadBytes - 1, TargetBytes: 5, Fields: 2}, 431},
		{"one byte of target less", http1.Limits{HeadBytes: exact.HeadBytes, TargetBytes: 4, Fields: 2}, 414},
		{"one field less", http1.Limits{HeadBytes: exact.HeadBytes, TargetBytes: 5, Fields: 1}, 431},
		{"no limits set", http1.Limits{}, 431},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			refuse(t, string(raw), c.status, requestParser(c.lim))
		})
	}
}

func TestFieldsNeverOverflowTheirStore(t *testing.T) {
	lim := http1.Limits{HeadBytes: 64 << 10, TargetBytes: 8 << 10, Fields: 2 * http1.FieldsMax}
	full := "GET / HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("X: a\r\n", http1.FieldsMax-1)
	parse := requestParser(lim)()
	if got := parse([]byte(full+"\r\n"), 0); got.n == 0 {
		t.Errorf("%d fields: got %+v, want them accepted", http1.FieldsMax, got)
	}
	if got := parse([]byte(full+"X: a\r\n\r\n"), 0); got.status != 431 {
		t.Errorf("one field more: got %+v, want 431", got)
	}
}

// TestNoNumberOfFieldsIsTakenForOne has as many of a field that may be there once as make a small counter begin anew.
func TestNoNumberOfFieldsIsTakenForOne(t *testing.T) {
	lim := http1.Limits{HeadBytes: 64 << 10, TargetBytes: 8 << 10, Fields: http1.FieldsMax}
	for _, field := range []string{"Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "Host: b\r\n"} {
		for _, n := range []int{256, 257, 512, 513} {
			fields := strings.Repeat(field, n)
			if field[0] != 'H' {
				fields = "Host: a\r\n" + fields
			}
			if got := requestParser(lim)()([]byte("POST / HTTP/1.1\r\n"+fields+"\r\n"), 0); got.status != 400 {
				t.Errorf("%d times %q: got %+v, want 400", n, field, got)
			}
		}
	}
}

func TestARefusalTellsWhichLimitItIsAbout(t *testing.T) {
	lim := http1.Limits{HeadBytes: 100, TargetBytes: 20, Fields: 2}
	long := strings.Repeat("x", 100)
	for _, c := range []struct {
		raw  string
		want http1.Limit
	}{
		{"GET / HTTP/1.1\r\nHost: a\r\nX: " + long + "\r\n\r\n", http1.LimitHead},
		{"GET /" + long + " HTTP/1.1\r\nHost: a\r\n\r\n", http1.LimitTarget},
		{"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\nX: a\r\n\r\n", http1.LimitFields},
		{"GET / HTTP/1.1\r\n\r\n", http1.LimitNone},
	} {
		var refusal *http1.Error
		if _, err := new(http1.Request).Parse([]byte(c.raw), 0, lim); !errors.As(err, &refusal) || refusal.Limit() != c.want {
			t.Errorf("%.40q: got %v of limit %d, want %d", c.raw, err, refusal.Limit(), c.want)
		}
	}
	var refusal *http1.Error
	if _, err := new(http1.Response).Parse([]byte("HTTP/1.1 200 OK\r\nX: "+long+"\r\n\r\n"), 0, lim, http1.MethodGET); !errors.As(err, &refusal) ||
		refusal.Limit() != http1.LimitHead || refusal.Status != 502 {
		t.Errorf("an answer's head: got %v, want status 502 and the limit of heads", err)
	}
}

func TestHostIsValidated(t *testing.T) {
	valid := []string{
		"example.org", "EXAMPLE.org.", "a", "a:80", "a:", "a:0", "a:65535", "127.0.0.1", "127.0.0.1:8080", "my_service:8000",
		"[::1]", "[::1]:443", "[::1]:", "[2001:db8::ffff:192.0.2.1]", "xn--bcher-kva.example", "a~b!c$d&e'f(g)h*i+j;k=l", "a%20b",
	}
	invalid := []string{
		"a b", "a,b", "a/b", "a\\b", "a?b", "a#b", "u@a", "a\tb", "a:80:80", "a:65536", "a:123456", "a:8o", "a:-1", ":80", ":",
		"[::1", "::1", "[]", "[:]", "[::1]a", "[::1]80", "[::g]", "[v1.a]", "[fe80::1%25eth0]", "a[::1]", "caf\xe9", "a%2", "a%zz", "a%", "<a>",
		"\"a\"", "a|b", "a^b", "`a`", "{a}", "[" + strings.Repeat(":", 46) + "]",
	}
	check := func(host string, status int) {
		t.Helper()
		for _, raw := range []string{
			"GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n",
			"GET / HTTP/1.0\r\nHost: " + host + "\r\n\r\n",
		} {
			if got := requestParser(http1.DefaultLimits)()([]byte(raw), 0); got.status != status {
				t.Errorf("Host %q: got %+v, want status %d", host, got, status)
			}
		}
	}
	for _, host := range valid {
		check(host, 0)
	}
	for _, host := range invalid {
		check(host, 400)
	}
}
