package peers

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"testing"
)

// messageOf reads a head, and leaves what follows it.
func messageOf(text string) (head, *bufio.Reader, error) {
	in := bufio.NewReader(strings.NewReader(text))
	h, err := readHead(in)
	return h, in, err
}

func TestAHeadIsReadToItsEmptyLine(t *testing.T) {
	h, in, err := messageOf("HTTP/1.1 200 OK\r\nServer: x\r\nSet-Cookie: a=1\r\nset-cookie: b: 2\r\n\r\nrest")
	if err != nil {
		t.Fatal(err)
	}
	if h.line != "HTTP/1.1 200 OK" {
		t.Errorf("first line: got %q", h.line)
	}
	if got := h.values("SET-COOKIE"); len(got) != 2 || got[0] != "a=1" || got[1] != "b: 2" {
		t.Errorf("two fields of one name: got %q, want both, in order", got)
	}
	if got := h.values("Cookie"); got != nil {
		t.Errorf("a name that is only a part of one: got %q, want nothing", got)
	}
	if rest, _ := io.ReadAll(in); string(rest) != "rest" {
		t.Errorf("behind the head: got %q, want all of it", rest)
	}
}

func TestAHeadIsReadWithoutMercy(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"a bare line feed", "HTTP/1.1 200 OK\nA: b\r\n\r\n", "without CR"},
		{"a bare line feed at the end", "HTTP/1.1 200 OK\r\nA: b\r\n\n", "without CR"},
		{"no space behind the colon", "HTTP/1.1 200 OK\r\nA:b\r\n\r\n", `field line "A:b"`},
		{"no colon", "HTTP/1.1 200 OK\r\nA b\r\n\r\n", "field line"},
		{"a space in the name", "HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "field line"},
		{"a tab in the name", "HTTP/1.1 200 OK\r\nA\tc: b\r\n\r\n", "field line"},
		{"two spaces before the value", "HTTP/1.1 200 OK\r\nA:  b\r\n\r\n", "field line"},
		{"a space behind the value", "HTTP/1.1 200 OK\r\nA: b \r\n\r\n", "field line"},
		{"a folded line", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", "field line"},
		{"an end in the first line", "HTTP/1.1 200", "EOF"},
		{"an end in a field", "HTTP/1.1 200 OK\r\nA: b", "EOF"},
		{"an end before the empty line", "HTTP/1.1 200 OK\r\nA: b\r\n", "EOF"},
		{"nothing", "", "EOF"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h, _, err := messageOf(test.text)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if !strings.HasPrefix(test.text, string(h.raw)) {
				t.Errorf("what came: got %q, want the beginning of %q", h.raw, test.text)
			}
		})
	}
}

func TestABodyEndsAsItsFramingSays(t *testing.T) {
	tests := []struct{ name, text, body, rest string }{
		{
			"by length",
			"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi, and more",
			"hi", ", and more",
		},
		{
			"a length of nothing",
			"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nmore",
			"", "more",
		},
		{
			"by chunks",
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n3\r\n, y\r\n0\r\n\r\nmore",
			"hi, y", "more",
		},
		{
			"a chunk with a size in hex, and zeros before it",
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n00a\r\n0123456789\r\n0\r\n\r\n",
			"0123456789", "",
		},
		{
			"by the end of the connection, for a response",
			"HTTP/1.1 200 OK\r\n\r\nall of it",
			"all of it", "",
		},
		{
			"a request without framing has none",
			"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\n",
			"", "GET /2 HTTP/1.1\r\n",
		},
		{
			"a request with a length",
			"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcd",
			"abc", "d",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h, in, err := messageOf(test.text)
			if err != nil {
				t.Fatal(err)
			}
			body, err := h.readBody(in)
			if err != nil || string(body) != test.body {
				t.Errorf("body: got %q and %v, want %q", body, err, test.body)
			}
			if rest, _ := io.ReadAll(in); string(rest) != test.rest {
				t.Errorf("behind it: got %q, want %q", rest, test.rest)
			}
		})
	}
}

func TestABodyThatBreaksOffIsToldFromOneThatEnds(t *testing.T) {
	const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
	start := strings.Index(chunked, "2\r\n")
	for n := start; n < len(chunked); n++ {
		h, in, err := messageOf(chunked[:n])
		if err != nil {
			t.Fatal(err)
		}
		body, err := h.readBody(in)
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%q: got %v, want an end that comes too early", chunked[start:n], err)
		}
		if !strings.HasPrefix("hi", string(body)) {
			t.Errorf("%q: got %q, want what came of the body", chunked[start:n], body)
		}
	}
	h, in, err := messageOf("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhi")
	if err != nil {
		t.Fatal(err)
	}
	if body, err := h.readBody(in); string(body) != "hi" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a length that is not reached: got %q and %v", body, err)
	}
}

func TestFramingThatContradictsItselfIsAMistake(t *testing.T) {
	tests := []struct{ name, fields, body, want string }{
		{"two lengths", "Content-Length: 2\r\nContent-Length: 2\r\n", "hi", "framing by"},
		{"a length beside chunks", "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "hi", "framing by"},
		{"two codings", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n", "framing by"},
		{"another coding", "Transfer-Encoding: gzip\r\n", "hi", "framing by"},
		{"a coding in capitals, which the front door does not write", "Transfer-Encoding: Chunked\r\n", "0\r\n\r\n", "framing by"},
		{"a length that is no number", "Content-Length: two\r\n", "hi", "invalid syntax"},
		{"a size that is no number", "Transfer-Encoding: chunked\r\n", "zz\r\nhi\r\n", "chunk size"},
		{"a size with an extension", "Transfer-Encoding: chunked\r\n", "2;a=b\r\nhi\r\n0\r\n\r\n", "chunk size"},
		{"a size beyond any body", "Transfer-Encoding: chunked\r\n", "100000000\r\nhi\r\n", "chunk size"},
		{"a chunk that is longer than it says", "Transfer-Encoding: chunked\r\n", "2\r\nhiho\r\n0\r\n\r\n", "ends with"},
		{"trailers", "Transfer-Encoding: chunked\r\n", "0\r\nA: b\r\n\r\n", "ends with"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h, in, err := messageOf("HTTP/1.1 200 OK\r\n" + test.fields + "\r\n" + test.body)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := h.readBody(in); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestAMessageShowsTheBeginningOfWhatCame(t *testing.T) {
	if got := show80([]byte("a\r\n")); got != `"a\r\n"` {
		t.Errorf("a few bytes: got %s, want them as a Go string", got)
	}
	long := show80(Fill(shownBytes + 7))
	if !strings.HasSuffix(long, "and 7 bytes more") || len(long) > 2*shownBytes {
		t.Errorf("many bytes: got %s, want the first ones and how many there are more", long)
	}
	if err := difference([]byte("a"), []byte("ab"), io.EOF); err == nil || !errors.Is(err, io.EOF) {
		t.Errorf("too few bytes: got %v, want the reason with it", err)
	}
	if err := difference([]byte("ab"), []byte("ab"), io.EOF); err != nil {
		t.Errorf("all bytes, and then the end: got %v, want nothing", err)
	}
}

// TestEachPlaceOfAFillIsTold holds that no byte of a fill may be lost or doubled unnoticed.
func TestEachPlaceOfAFillIsTold(t *testing.T) {
	for _, n := range []int{0, 1, 62, 63, 64, 1000} {
		if got := len(Fill(n)); got != n {
			t.Errorf("a fill of %d: got %d bytes", n, got)
		}
	}
	fill := string(Fill(1000))
	for i := 1; i < len(fill); i++ {
		if fill[i] == fill[i-1] || fill[:i-1]+fill[i:] == fill[:len(fill)-1] {
			t.Fatalf("at %d: it looks the same without the byte", i)
		}
	}
}

// TestEachVerbIsFoundByItsWholeName looks all of them up, with and without something behind them.
func TestEachVerbIsFoundByItsWholeName(t *testing.T) {
	for v := verbNone + 1; int(v) < len(verbs); v++ {
		name := verbs[v].name
		if name == "" {
			t.Errorf("verb %d: it has no name", v)
			continue
		}
		if got, rest := lookupVerb(name); got != v || rest != "" {
			t.Errorf("%q: got verb %d and %q", name, got, rest)
		}
		if got, rest := lookupVerb(name + "  behind it "); verbs[v].name == name && got != v && verbs[got].name == name || rest == "" {
			t.Errorf("%q with a word: got verb %d and %q", name, got, rest)
		}
		if got, _ := lookupVerb(name + "s"); got == v {
			t.Errorf("%qs: got verb %d, want none of this name", name, got)
		}
		if only := verbs[v].only; only != "" && only != role(false) && only != role(true) {
			t.Errorf("%q: it is for a %q, which there is not", name, only)
		}
	}
}
