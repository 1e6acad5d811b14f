package http1_test

import (
	"bufio"
	"bytes"
	"io"
	"math"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"unsafe"

	"percore/lbproxy/http1"
)

// fuzzBytesMax keeps the byte-by-byte runs short.
const fuzzBytesMax = 512

// fuzzLimits are small, so that short inputs reach them.
var fuzzLimits = http1.Limits{HeadBytes: 384, TargetBytes: 128, Fields: 10}

// Whatever we accept, net/http accepts as the same message: two parsers that could not be more apart agree on it.
func FuzzRequest(f *testing.F) {
	f.Add([]byte(wrkRequest))
	f.Add([]byte(browserRequest))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) > fuzzBytesMax {
			return
		}
		fuzzRequest(t, raw, fuzzLimits)
		lenient := fuzzLimits
		lenient.BareLF = true
		fuzzRequest(t, raw, lenient)
	})
}

func fuzzRequest(t *testing.T, raw []byte, lim http1.Limits) {
	fresh := requestParser(lim)
	whole := fresh()(raw, 0)
	if got := parseByteByByte(raw, fresh()); got != whole {
		t.Fatalf("byte by byte: got %+v, want %+v as whole", got, whole)
	}
	var r http1.Request
	n, err := r.Parse(raw, 0, lim)
	if n == 0 || err != nil {
		return
	}
	checkInside(t, raw[:n], r.Method, r.Target)
	checkFields(t, raw[:n], r.Fields)
	if len(r.Origin) > 1 {
		checkInside(t, raw[:n], r.Origin)
	}
	if len(r.Host) > 0 {
		checkInside(t, raw[:n], r.Host)
	}
	compareRequest(t, raw[:n], &r)
}

// compareRequest has these exceptions: net/http also judges percent-encodings and bracketed addresses, which we
// pass on as they are, and the names in Trailer, which we never forward; and it does not expect empty lines.
func compareRequest(t *testing.T, raw []byte, r *http1.Request) {
	if _, err := url.ParseRequestURI(string(r.Target)); err != nil {
		return
	}
	want, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(bytes.TrimLeft(raw, "\r\n"))))
	if err != nil {
		if hasField(r.Fields, http1.FieldTrailer) {
			return
		}
		t.Fatalf("accepted %q; net/http says %v", raw, err)
	}
	if got := string(r.Method); got != want.Method {
		t.Errorf("method: got %q, want %q", got, want.Method)
	}
	if got := string(r.Host); got != want.Host && !strings.Contains(got, "%") {
		t.Errorf("host: got %q, want %q", got, want.Host)
	}
	length := r.Length
	if r.Framing == http1.FramingChunked {
		length = -1
	}
	if length != want.ContentLength {
		t.Errorf("length: got %d, want %d", length, want.ContentLength)
	}
	if got := !r.KeepAlive; r.Minor == 1 && got != want.Close {
		t.Errorf("close: got %t, want %t", got, want.Close)
	}
}

func FuzzResponse(f *testing.F) {
	f.Add([]byte(tornadoResponse), false)
	f.Add([]byte(tornadoResponse), true)
	f.Fuzz(func(t *testing.T, raw []byte, head bool) {
		if len(raw) > fuzzBytesMax {
			return
		}
		method, name := http1.MethodGET, http.MethodGet
		if head {
			method, name = http1.MethodHEAD, http.MethodHead
		}
		fresh := responseParser(fuzzLimits, method)
		whole := fresh()(raw, 0)
		if got := parseByteByByte(raw, fresh()); got != whole {
			t.Fatalf("byte by byte: got %+v, want %+v as whole", got, whole)
		}
		var r http1.Response
		n, err := r.Parse(raw, 0, fuzzLimits, method)
		if n == 0 || err != nil {
			return
		}
		checkInside(t, raw[:n], r.Reason)
		checkFields(t, raw[:n], r.Fields)
		compareResponse(t, raw[:n], &r, name)
	})
}

// compareResponse has the exception of Trailer as above.
func compareResponse(t *testing.T, raw []byte, r *http1.Response, method string) {
	want, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(raw)), &http.Request{Method: method})
	if err != nil {
		if hasField(r.Fields, http1.FieldTrailer) {
			return
		}
		t.Fatalf("accepted %q; net/http says %v", raw, err)
	}
	if r.Status != want.StatusCode {
		t.Errorf("status: got %d, want %d", r.Status, want.StatusCode)
	}
	switch r.Framing {
	case http1.FramingLength:
		if r.Length != want.ContentLength {
			t.Errorf("length: got %d, want %d", r.Length, want.ContentLength)
		}
	case http1.FramingChunked, http1.FramingClose:
		if want.ContentLength != -1 {
			t.Errorf("%s: want length %d", r.Framing, want.ContentLength)
		}
	case http1.FramingNone:
		if want.Body != http.NoBody {
			t.Errorf("no body: want one")
		}
	}
}

func FuzzChunked(f *testing.F) {
	f.Add([]byte("5;a=\"b\"\r\nhello\r\n0\r\nX: a\r\n\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		whole := decode(t, raw, math.MaxInt32)
		single := decode(t, raw, 1)
		if single.reason != whole.reason || single.done != whole.done {
			t.Fatalf("byte by byte: got %+v, want %+v as whole", single, whole)
		}
		if whole.reason == "" && single != whole {
			t.Fatalf("byte by byte: got %+v, want %+v as whole", single, whole)
		}
		if !whole.done {
			return
		}
		want, err := io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(raw[:whole.n])))
		if err != nil && (strings.Contains(err.Error(), "too much non-data") || bytes.ContainsAny(raw, " \t")) {
			return // net/http bounds all extensions of a body together, and knows no whitespace before them
		}
		if err != nil || string(want) != whole.data {
			t.Errorf("%q: got %q, want %q, %v as net/http has it", raw, whole.data, want, err)
		}
	})
}

func checkFields(t *testing.T, raw []byte, fields []http1.Field) {
	for _, f := range fields {
		checkInside(t, raw, f.Name, f.Value)
		if len(f.Name) == 0 || bytes.ContainsAny(f.Name, " \t\r\n:") {
			t.Errorf("got name %q", f.Name)
		}
		if bytes.ContainsAny(f.Value, "\x00\r\n\x7f") || len(bytes.Trim(f.Value, " \t")) != len(f.Value) {
			t.Errorf("got value %q", f.Value)
		}
	}
}

// checkInside demands that parts are sub-slices of raw that cannot be appended to in place.
func checkInside(t *testing.T, raw []byte, parts ...[]byte) {
	start := uintptr(unsafe.Pointer(unsafe.SliceData(raw)))
	for _, part := range parts {
		at := uintptr(unsafe.Pointer(unsafe.SliceData(part)))
		if at < start || at+uintptr(len(part)) > start+uintptr(len(raw)) {
			t.Errorf("%q is not inside the buffer", part)
		}
		if cap(part) != len(part) {
			t.Errorf("%q has room behind it: an append would overwrite the buffer", part)
		}
	}
}

func hasField(fields []http1.Field, id http1.FieldID) bool {
	for _, f := range fields {
		if f.ID == id {
			return true
		}
	}
	return false
}
