package refusal_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"percore/lbproxy/http1"
	"percore/lbproxy/refusal"
)

var limits = refusal.New(refusal.Settings{
	HeaderSize: 1 << 10, HeaderFields: 3, BufferSize: 2000,
	HeaderTimeout: 10 * time.Second, BodyTimeout: 1500 * time.Millisecond, BodyMinRate: 240,
})

func TestARequestBeyondALimitHearsOfItsVariable(t *testing.T) {
	const line, host = "GET / HTTP/1.1\r\n", "Host: x\r\n"
	tests := []struct {
		name, request, words string
		limit                http1.Limit
	}{
		{"a head", line + host + "A: " + strings.Repeat("b", 2000), "the head is larger than PERCORE_CLIENT_MAX_HEADER_SIZE=1KB", http1.LimitHead},
		{"a target", "GET /" + strings.Repeat("t", 600) + " HTTP/1.1\r\n", "the target is longer than half of PERCORE_CLIENT_MAX_HEADER_SIZE=1KB", http1.LimitTarget},
		{"fields", line + host + "A: b\r\nA: b\r\nA: b\r\n\r\n", "the head has more fields than PERCORE_CLIENT_MAX_HEADER_FIELDS=3", http1.LimitFields},
		{"no limit at all", line + "\r\n", "", http1.LimitNone},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var r http1.Request
			_, err := r.Parse([]byte(test.request), 0, limits.Request)
			if err == nil {
				t.Fatal("got no error from the codec, want one")
			}
			words, limit := limits.OfRequest(err)
			if test.words == "" {
				test.words = err.Error()
			}
			if words != test.words || limit != test.limit {
				t.Errorf("got %q and limit %d, want %q and %d", words, limit, test.words, test.limit)
			}
		})
	}
}

func TestAResponseBeyondALimitIsTheWorkersFault(t *testing.T) {
	const line = "HTTP/1.1 200 OK\r\n"
	tests := []struct{ name, response, words string }{
		{"a head", line + "A: " + strings.Repeat("b", 2000), "the head of the worker's response is larger than PERCORE_PROXY_BUFFER_SIZE=2000"},
		{"no limit at all", "nonsense\r\n", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var r http1.Response
			_, err := r.Parse([]byte(test.response), 0, limits.Response, http1.MethodGET)
			if err == nil {
				t.Fatal("got no error from the codec, want one")
			}
			if got := limits.OfResponse(err); got != test.words {
				t.Errorf("got %q, want %q", got, test.words)
			}
		})
	}
	roomy := refusal.New(refusal.Settings{BufferSize: 1 << 20})
	var r http1.Response
	_, err := r.Parse([]byte(line+strings.Repeat("A: b\r\n", http1.FieldsMax+1)+"\r\n"), 0, roomy.Response, http1.MethodGET)
	if got, want := roomy.OfResponse(err), "the worker's response has more than 1000 fields"; got != want {
		t.Errorf("fields: got %q, want %q", got, want)
	}
}

func TestAnErrorThatIsNotTheCodecsIsItsOwnWords(t *testing.T) {
	if words, limit := limits.OfRequest(refusal.ErrClientHello); words != refusal.ErrClientHello.Error() || limit != http1.LimitNone {
		t.Errorf("got %q and limit %d, want the error's own words", words, limit)
	}
	if words := limits.OfResponse(errors.New("anything")); words != "" {
		t.Errorf("of a response: got %q, want nothing", words)
	}
}

func TestABodysSettingsAreWordedAsTheyWereSet(t *testing.T) {
	for got, want := range map[string]string{
		limits.HeadLate:             "the request's head did not arrive in time: PERCORE_CLIENT_HEADER_TIMEOUT=10s",
		limits.BodyStopped:          "the request's body stopped arriving: nothing for PERCORE_CLIENT_BODY_TIMEOUT=1.5s",
		limits.BodySlow:             "the request's body arrives too slowly: fewer bytes a second than PERCORE_CLIENT_BODY_MIN_RATE=240",
		refusal.BodyLarge(50 << 20): "the request's body is too large: more than PERCORE_CLIENT_MAX_BODY_SIZE=50MB",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestValuesAreWrittenAsOneWouldSetThem(t *testing.T) {
	for d, want := range map[time.Duration]string{30 * time.Second: "30s", time.Millisecond: "1ms", 2 * time.Hour: "7200s", 0: "0s"} {
		words := refusal.New(refusal.Settings{HeaderTimeout: d}).HeadLate
		if !strings.HasSuffix(words, "="+want) {
			t.Errorf("%v: got %q, want %s at its end", d, words, want)
		}
	}
	for bytes, want := range map[int64]string{0: "0", 1000: "1000", 32 << 10: "32KB", 3 << 30: "3GB", 5 << 40: "5120GB", 1<<20 + 1: "1048577"} {
		words := refusal.BodyLarge(bytes)
		if !strings.HasSuffix(words, "="+want) {
			t.Errorf("%d: got %q, want %s at its end", bytes, words, want)
		}
	}
}

func TestTheBeginningOfTLSIsKnown(t *testing.T) {
	tests := []struct {
		name, bytes string
		want        bool
	}{
		{"a record of TLS 1.0, as clients still write it", "\x16\x03\x01\x02\x00\x01\x00", true},
		{"a record of TLS 1.3", "\x16\x03\x04", true},
		{"half of that", "\x16\x03", false},
		{"another version", "\x16\x04\x01", false},
		{"an alert", "\x15\x03\x01", false},
		{"the form of SSL 2.0", "\x80\x2e\x01\x03\x01", true},
		{"the same with another message", "\x80\x2e\x02\x03\x01", false},
		{"a request", "GET / HTTP/1.1\r\n", false},
		{"nothing", "", false},
	}
	for _, test := range tests {
		if got := refusal.IsClientHello([]byte(test.bytes)); got != test.want {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}

func TestAHeadWithinItsLimitsPasses(t *testing.T) {
	const line, host = "GET / HTTP/1.1\r\n", "Host: x\r\n"
	for name, request := range map[string]string{
		"fields":   line + host + "A: b\r\nA: b\r\n\r\n",
		"a target": "GET /" + strings.Repeat("t", 500) + " HTTP/1.1\r\n" + host + "\r\n",
		"a head":   line + host + "A: " + strings.Repeat("b", 900) + "\r\n\r\n",
	} {
		var r http1.Request
		if n, err := r.Parse([]byte(request), 0, limits.Request); n != len(request) || err != nil {
			t.Errorf("%s: got %d bytes and error %v, want all %d", name, n, err, len(request))
		}
	}
}

func TestABareLFIsASetting(t *testing.T) {
	const request = "GET / HTTP/1.1\nHost: x\n\n"
	for _, allowed := range []bool{false, true} {
		l := refusal.New(refusal.Settings{HeaderSize: 1 << 10, HeaderFields: 3, BareLF: allowed})
		var r http1.Request
		if n, err := r.Parse([]byte(request), 0, l.Request); (err == nil && n > 0) != allowed {
			t.Errorf("allowed %t: got %d bytes and error %v", allowed, n, err)
		}
	}
}

func TestNoRefusalIsWithoutWords(t *testing.T) {
	for _, words := range []string{limits.HeadLate, limits.BodyStopped, limits.BodySlow, refusal.BodyLarge(1), refusal.ErrClientHello.Error()} {
		if words == "" {
			t.Error("got nothing, want a sentence")
		}
	}
}

// TestNothingButTLSIsTakenForAClientHello cuts one at every byte: too little of it is nothing yet.
func TestNothingButTLSIsTakenForAClientHello(t *testing.T) {
	hello := []byte{22, 3, 1, 2, 0, 1}
	for n := range hello {
		if got, want := refusal.IsClientHello(hello[:n]), n >= 3; got != want {
			t.Errorf("%d bytes of a hello: got %v, want %v", n, got, want)
		}
	}
	for _, other := range []string{"GET / HTTP/1.1\r\n", "\r\n\r\nGET", "PRI * HTTP/2.0", "\x16\x02\x01", "\x16\x03\x05", "\x80\x2e\x02\x03\x01"} {
		if refusal.IsClientHello([]byte(other)) {
			t.Errorf("%q: it was taken for TLS", other)
		}
	}
}
