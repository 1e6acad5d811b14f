package http1_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"net/http/httputil"
	"strings"
	"testing"

	"percore/lbproxy/http1"
)

// decoded is everything a ChunkDecoder says about a body.
type decoded struct {
	data   string
	n      int
	done   bool
	reason string // of the refusal
}

// decode hands raw over in pieces of at most size bytes.
func decode(t *testing.T, raw []byte, size int) decoded {
	t.Helper()
	var d http1.ChunkDecoder
	var got decoded
	for len(raw) > got.n && !d.Done() {
		piece := raw[got.n:min(len(raw), got.n+size)]
		data, n, err := d.Next(piece[:len(piece):len(piece)])
		var refusal *http1.Error
		if errors.As(err, &refusal) {
			got.reason = refusal.Reason
			return got
		}
		if n == 0 || len(data) > n || n > len(piece) {
			t.Fatalf("at byte %d of %q: consumed %d of %d with %d of data", got.n, raw, n, len(piece), len(data))
		}
		if !bytes.Equal(data, piece[n-len(data):n]) {
			t.Fatalf("at byte %d of %q: data %q is not at the end of what was consumed", got.n, raw, data)
		}
		got.data += string(data)
		got.n += n
	}
	got.done = d.Done()
	return got
}

// decodeEveryWay decodes raw whole, byte by byte, in threes and with trailing bytes. A refused body may have given
// some of its data before, so only the refusal compares then.
func decodeEveryWay(t *testing.T, raw string) decoded {
	t.Helper()
	normal := func(d decoded) decoded {
		if d.reason != "" {
			return decoded{reason: d.reason}
		}
		return d
	}
	whole := normal(decode(t, []byte(raw), math.MaxInt32))
	for _, size := range []int{1, 3} {
		if got := normal(decode(t, []byte(raw), size)); got != whole {
			t.Errorf("in pieces of %d: got %+v, want %+v as whole", size, got, whole)
		}
	}
	if whole.done {
		if got := decode(t, []byte(raw+"5\r\nother"), math.MaxInt32); got != whole {
			t.Errorf("with trailing bytes: got %+v, want %+v as whole", got, whole)
		}
	}
	return whole
}

func TestChunkedBodyIsDecoded(t *testing.T) {
	hundred := strings.Repeat("X: a\r\n", 100)
	cases := []struct{ name, raw, want string }{
		{"an empty body", "0\r\n\r\n", ""},
		{"one chunk", "5\r\nhello\r\n0\r\n\r\n", "hello"},
		{"several chunks", "5\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\n\r\n", "hello world"},
		{"line ends as data", "4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n"},
		{"sizes in both cases", "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789"},
		{"sizes with leading zeros", "0005\r\nhello\r\n000\r\n\r\n", "hello"},
		{"extensions", "5;a\r\nhello\r\n1;b=c;d=\"e\"\r\n!\r\n0;f\r\n\r\n", "hello!"},
		{"extensions with whitespace before them", "5 \t;a = b\r\nhello\r\n0 ;c\r\n\r\n", "hello"},
		{"quoted extensions with separators", "5;a=\";\\\"\\\\\xe9\t\"\r\nhello\r\n0\r\n\r\n", "hello"},
		{"an extension as long as allowed", "5;" + strings.Repeat("a", 255) + "\r\nhello\r\n0\r\n\r\n", "hello"},
		{"trailers", "5\r\nhello\r\n0\r\nX-Sum: 1\r\nEmpty:\r\nT: a\tb\xff\r\n\r\n", "hello"},
		{"as many trailers as allowed", "0\r\n" + hundred + "\r\n", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := decodeEveryWay(t, c.raw)
			if want := (decoded{data: c.want, n: len(c.raw), done: true}); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestPartOfChunkedBodyIsConsumedWhole(t *testing.T) {
	const raw = "5;a=\"b\"\r\nhello\r\n0\r\nX: a\r\n\r\n"
	for size := range raw {
		if got := decodeEveryWay(t, raw[:size]); got.n != size || got.done || got.reason != "" {
			t.Errorf("%q: got %+v, want all of it consumed and more awaited", raw[:size], got)
		}
	}
}

func TestChunkedBodyIsRefused(t *testing.T) {
	const chunk = "5\r\nhello\r\n"
	cases := []struct{ name, raw, want string }{
		{"a bare LF after the size", "5\nhello\r\n0\r\n\r\n", "malformed line end in chunk framing"},
		{"a bare CR after the size", "5\rhello\r\n0\r\n\r\n", "malformed line end in chunk framing"},
		{"two CRs after the size", "5\r\r\nhello\r\n0\r\n\r\n", "malformed line end in chunk framing"},
		{"a bare LF after the data", "5\r\nhello\n0\r\n\r\n", "malformed line end in chunk framing"},
		{"a bare CR after the data", "5\r\nhello\r0\r\n\r\n", "malformed line end in chunk framing"},
		{"no line end after the data", "5\r\nhello0\r\n\r\n", "malformed line end in chunk framing"},
		{"data longer than its size", "4\r\nhello\r\n0\r\n\r\n", "malformed line end in chunk framing"},
		{"an empty size", "\r\nhello", "malformed chunk size"},
		{"an empty size with an extension", ";a\r\nhello", "malformed chunk size"},
		{"an empty line before a size", chunk + "\r\n0\r\n\r\n", "malformed chunk size"},
		{"a size with 0x", "0x5\r\nhello", "malformed chunk size"},
		{"a size with a sign", "+5\r\nhello", "malformed chunk size"},
		{"a size with a minus sign", "-5\r\nhello", "malformed chunk size"},
		{"a size with an underscore", "1_0\r\nhello", "malformed chunk size"},
		{"a size with a letter beyond f", "5g\r\nhello", "malformed chunk size"},
		{"a size after a space", " 5\r\nhello", "malformed chunk size"},
		{"a size before a space", "5 \r\nhello", "malformed chunk extension"},
		{"a size before another", "5 5\r\nhello", "malformed chunk extension"},
		{"a size before NUL", "5\x00\r\nhello", "malformed chunk size"},
		{"a size of sixteen digits", "0000000000000005\r\nhello", "chunk size too large"},
		{"a size beyond an int64", "fffffffffffffffff\r\n", "chunk size too large"},
		{"a control in an extension", "5;a\x00\r\nhello", "malformed chunk extension"},
		{"DEL in an extension", "5;a\x7f\r\nhello", "malformed chunk extension"},
		{"a bare LF in an extension", "5;a\nhello\r\n", "malformed chunk extension"},
		{"a bare CR in an extension", "5;a\rb\r\nhello\r\n", "malformed line end in chunk framing"},
		{"obs-text in an extension", "5;\xe9\r\nhello", "malformed chunk extension"},
		{"an unbalanced quote", "5;a=\"b\r\nhello\r\n0\r\n\r\n", "malformed chunk extension"},
		{"an unbalanced quote behind a backslash", "5;a=\"b\\\"\r\nhello\r\n0\r\n\r\n", "malformed chunk extension"},
		{"a line end behind a backslash", "5;a=\"b\\\r\n\"\r\nhello\r\n", "malformed chunk extension"},
		{"an extension that is too long", "5;" + strings.Repeat("a", 257) + "\r\nhello", "chunk extension too long"},
		{"whitespace that is too long", "5" + strings.Repeat(" ", 258) + ";a\r\nhello", "chunk extension too long"},
		{"a trailer without a colon", "0\r\nX\r\n\r\n", "malformed trailer section"},
		{"a trailer without a name", "0\r\n: a\r\n\r\n", "malformed trailer section"},
		{"a trailer with a space before the colon", "0\r\nX : a\r\n\r\n", "malformed trailer section"},
		{"a folded trailer", "0\r\nX: a\r\n b\r\n\r\n", "malformed trailer section"},
		{"a trailer with NUL", "0\r\nX: a\x00\r\n\r\n", "malformed trailer section"},
		{"a trailer that ends with a bare LF", "0\r\nX: a\n\r\n", "malformed trailer section"},
		{"a trailer that ends with a bare CR", "0\r\nX: a\r\r\n", "malformed line end in chunk framing"},
		{"a body that ends with a bare LF", "0\r\n\n", "malformed trailer section"},
		{"a body that ends with a bare CR", "0\r\n\rGET", "malformed line end in chunk framing"},
		{"a last line with a bare LF", "0\n\r\n", "malformed line end in chunk framing"},
		{"too many trailers", "0\r\n" + strings.Repeat("X: a\r\n", 101) + "\r\n", "trailer section too large"},
		{"trailers that are too large", "0\r\nX: " + strings.Repeat("a", 8<<10) + "\r\n\r\n", "trailer section too large"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := decodeEveryWay(t, c.raw); got.reason != c.want {
				t.Errorf("got %+v, want %q", got, c.want)
			}
		})
	}
}

func TestHugeChunkIsDeliveredAsItComes(t *testing.T) {
	var d http1.ChunkDecoder
	data, n, err := d.Next([]byte("fffffffffffffff\r\nabc"))
	if string(data) != "abc" || n != 20 || err != nil {
		t.Errorf("got %q, %d, %v; want abc, 20", data, n, err)
	}
	if data, n, err = d.Next(nil); data != nil || n != 0 || err != nil {
		t.Errorf("with nothing: got %q, %d, %v; want nothing", data, n, err)
	}
}

func TestDoneDecoderTouchesNothing(t *testing.T) {
	var d http1.ChunkDecoder
	_, n, err := d.Next([]byte(http1.LastChunk))
	if n != len("0\r\n") || err != nil || !d.InTrailers() || d.Done() {
		t.Errorf("the last chunk: got %d, %v, in trailers %t; want it to stop before the trailer section", n, err, d.InTrailers())
	}
	_, _, _ = d.Next([]byte("\r\n"))
	if d.InTrailers() {
		t.Error("behind the end: got in trailers, want done")
	}
	data, n, err := d.Next([]byte("GET / HTTP/1.1\r\n"))
	if data != nil || n != 0 || err != nil || !d.Done() {
		t.Errorf("got %q, %d, %v, done %t; want nothing and done", data, n, err, d.Done())
	}
}

func TestChunkHeadIsReadBack(t *testing.T) {
	for _, size := range []int{1, 9, 10, 15, 16, 255, 256, 4096, 65535, 65536, 1 << 20, 0xabcdef, math.MaxInt32} {
		head := http1.AppendChunkHead([]byte("kept"), size)
		r := httputil.NewChunkedReader(io.MultiReader(bytes.NewReader(head[len("kept"):]), zeros{}))
		got, err := io.CopyN(io.Discard, r, min(int64(size), 1<<16))
		if want := min(int64(size), 1<<16); got != want || err != nil {
			t.Errorf("size %d as %q: got %d, %v; want %d", size, head, got, err, want)
		}
	}
	for size, want := range map[int]string{0: "0\r\n", 1: "1\r\n", 16: "10\r\n", 0xabc: "abc\r\n", math.MaxInt64: "7fffffffffffffff\r\n"} {
		if got := string(http1.AppendChunkHead(nil, size)); got != want {
			t.Errorf("size %d: got %q, want %q", size, got, want)
		}
	}
}

// zeros is an endless chunk's data.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
