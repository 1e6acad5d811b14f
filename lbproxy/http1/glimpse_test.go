package http1_test

import (
	"strings"
	"testing"

	"percore/lbproxy/http1"
)

var glimpseLimits = http1.Limits{HeadBytes: 1 << 10, TargetBytes: 100, Fields: 10}

// TestARefusedHeadTellsWhatItsLineSays: it is logged, and HEAD is answered without a body.
func TestARefusedHeadTellsWhatItsLineSays(t *testing.T) {
	tests := []struct {
		name, head, method, target string
		id                         http1.Method
		minor                      uint8
	}{
		{"a malformed field", "HEAD /a HTTP/1.1\r\nno colon\r\n\r\n", "HEAD", "/a", http1.MethodHEAD, 1},
		{"no host", "GET /a HTTP/1.1\r\n\r\n", "GET", "/a", http1.MethodGET, 1},
		{"an older version", "POST /a HTTP/1.0\r\nA: b", "POST", "/a", http1.MethodPOST, 0},
		{"a line behind empty ones", "\r\n\r\nGET /a HTTP/1.1\r\n", "GET", "/a", http1.MethodGET, 1},
		{"a method of its own", "BREW /pot HTTP/1.1\r\n", "BREW", "/pot", http1.MethodOther, 1},
		{"a bare CR before the line", "\rGET /a HTTP/1.1\r\n", "", "", http1.MethodOther, 0},
		{"no whole line", "GET /a HTTP/1.1", "", "", http1.MethodOther, 0},
		{"nothing", "", "", "", http1.MethodOther, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var r http1.Request
			r.Glimpse([]byte(test.head), glimpseLimits)
			if string(r.Method) != test.method || string(r.Target) != test.target || r.MethodID != test.id || r.Minor != test.minor {
				t.Errorf("got %q %q, method %d, minor %d, want %+v", r.Method, r.Target, r.MethodID, r.Minor, test)
			}
			if len(r.Fields) > 0 || r.Host != nil || r.Framing != http1.FramingNone || r.KeepAlive || r.Expect100 || r.Upgrade || r.MaxForwards != -1 {
				t.Errorf("got %+v, want nothing of the rest", r)
			}
		})
	}
}

// TestAGlimpseForgetsTheRequestBefore, whose fields lay in bytes that are gone.
func TestAGlimpseForgetsTheRequestBefore(t *testing.T) {
	const before = "POST /secret HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
	var r http1.Request
	if n, err := r.Parse([]byte(before), 0, glimpseLimits); n != len(before) || err != nil {
		t.Fatalf("got %d bytes and error %v", n, err)
	}
	r.Glimpse([]byte("nonsense\r\n"), glimpseLimits)
	if len(r.Method)+len(r.Target)+len(r.Origin)+len(r.Host)+len(r.Fields) > 0 || r.Length != 0 || r.Expect100 {
		t.Errorf("got %+v, want nothing of the request before", r)
	}
}

func TestAGlimpseIsWithinTheLimits(t *testing.T) {
	var r http1.Request
	r.Glimpse([]byte("GET /"+strings.Repeat("t", 200)+" HTTP/1.1\r\n"), glimpseLimits)
	if len(r.Target) > glimpseLimits.TargetBytes {
		t.Errorf("got a target of %d bytes, want %d at most", len(r.Target), glimpseLimits.TargetBytes)
	}
}

func TestAMethodIsKnownByItsExactName(t *testing.T) {
	for name, want := range map[string]http1.Method{
		"GET": http1.MethodGET, "PUT": http1.MethodPUT, "DELETE": http1.MethodDELETE, "PATCH": http1.MethodPATCH,
		"TRACE": http1.MethodTRACE, "get": http1.MethodOther, "GETS": http1.MethodOther, "GE": http1.MethodOther,
	} {
		var r http1.Request
		if r.Glimpse([]byte(name+" /a HTTP/1.1\r\n"), glimpseLimits); r.MethodID != want || string(r.Method) != name {
			t.Errorf("%s: got method %d, %q, want %d", name, r.MethodID, r.Method, want)
		}
	}
}
