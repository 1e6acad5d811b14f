package http1_test

import (
	"bytes"
	"strings"
	"testing"

	"percore/lbproxy/http1"
)

func TestEveryKnownFieldIsFoundInAnyCase(t *testing.T) {
	found := 0
	for id := http1.FieldHost; id.String() != ""; id++ {
		found++
		name := id.String()
		for _, spelled := range []string{name, strings.ToUpper(name), strings.ToUpper(name[:1]) + name[1:]} {
			if got := http1.LookupField([]byte(spelled)); got != id {
				t.Errorf("%s: got %d (%s), want %d", spelled, got, got, id)
			}
		}
		for _, other := range []string{name + "x", name[1:], strings.ReplaceAll(name, "-", "_") + "_", "z" + name[1:]} {
			if got := http1.LookupField([]byte(other)); got == id {
				t.Errorf("%s: got %s, want another", other, got)
			}
		}
	}
	if found < 30 {
		t.Errorf("got %d known fields, want all of them", found)
	}
}

func TestUnderscoreTwinIsAnotherField(t *testing.T) {
	for _, name := range []string{"", "x_real_ip", "X_Forwarded-For", "content_length", "transfer_encoding", "Hos\x14"} {
		if got := http1.LookupField([]byte(name)); got != http1.FieldOther {
			t.Errorf("%q: got %s, want none", name, got)
		}
	}
}

func TestOnlyIdempotentMethodsAreRepeatable(t *testing.T) {
	want := map[http1.Method]bool{
		http1.MethodGET: true, http1.MethodHEAD: true, http1.MethodPUT: true, http1.MethodDELETE: true,
		http1.MethodOPTIONS: true, http1.MethodTRACE: true,
		http1.MethodOther: false, http1.MethodPOST: false, http1.MethodPATCH: false, http1.MethodCONNECT: false,
	}
	for method, idempotent := range want {
		if got := method.Idempotent(); got != idempotent {
			t.Errorf("method %d: got %t, want %t", method, got, idempotent)
		}
	}
	if http1.Method(200).Idempotent() {
		t.Error("an unknown method: got true, want false")
	}
}

func TestTokenIsFoundInList(t *testing.T) {
	cases := []struct {
		list string
		want bool
	}{
		{"close", true},
		{"Close", true},
		{"keep-alive, CLOSE", true},
		{" ,,\tclose\t,", true},
		{"a,close,b", true},
		{"", false},
		{",", false},
		{"closed", false},
		{"not-close", false},
		{"clo se", false},
		{"close;q=1", false},
	}
	for _, c := range cases {
		if got := http1.HasToken([]byte(c.list), "close"); got != c.want {
			t.Errorf("%q: got %t, want %t", c.list, got, c.want)
		}
	}
}

func TestWebSocketIsFoundAmongOffers(t *testing.T) {
	cases := []struct{ value, want string }{
		{"websocket", "websocket"},
		{"WebSocket", "WebSocket"},
		{"h2c", ""},
		{"h2c, websocket", "websocket"},
		{"foo/1.1 , H2C,websocket, h2", "websocket"},
		{"websocket, WEBSOCKET", "websocket"},
		{"websocket/13", ""},
		{"web socket", ""},
		{"", ""},
	}
	for _, c := range cases {
		if got := string(http1.WebSocketOffer([]byte(c.value))); got != c.want {
			t.Errorf("%q: got %q, want %q", c.value, got, c.want)
		}
	}
}

func TestFoldingIsForLettersOnly(t *testing.T) {
	for c := range 256 {
		b := []byte{byte(c)}
		for _, lower := range []string{"a", "z", "-", "0", "@", "[", "{", "`", "_"} {
			want := string(bytes.ToLower(b)) == lower
			if got := http1.EqualFold(b, lower); got != want {
				t.Errorf("%q as %q: got %t, want %t", b, lower, got, want)
			}
		}
	}
	if http1.EqualFold([]byte("ab"), "a") || !http1.EqualFold(nil, "") {
		t.Error("lengths are not compared")
	}
}

func TestFramingHasNames(t *testing.T) {
	want := []string{"none", "length", "chunked", "close", "unknown"}
	for f, name := range want {
		if got := http1.Framing(f).String(); got != name {
			t.Errorf("framing %d: got %s, want %s", f, got, name)
		}
	}
}
