package accesslog

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"percore/lbproxy/client"
	"percore/lbproxy/http1"
)

// hostile are requests whose logged parts try to end strings and lines. The codec refuses control characters, so the
// worst that passes are quotes, backslashes and bytes that are no UTF-8.
var hostile = map[string]string{
	"quotes in the target":       "GET /a\"b HTTP/1.1\r\nHost: x\r\n\r\n",
	"a member in the query":      "GET /?\",\"level\":\"ERROR HTTP/1.1\r\nHost: x\r\n\r\n",
	"backslashes at the end":     "GET /a\\ HTTP/1.1\r\nHost: x\r\nUser-Agent: \\\\\\\r\n\r\n",
	"a referer that ends a list": "GET / HTTP/1.1\r\nHost: x\r\nReferer: \"],\"x\":[\"\r\n\r\n",
	"bytes that are no UTF-8":    "GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: \xe2\x80\xa8\x80\r\n\r\n",
	"a tab":                      "GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: a\tb\r\n\r\n",
	"an id with a quote":         "GET / HTTP/1.1\r\nHost: x\r\nX-Request-ID: a\"}\r\n\r\n",
	"a method of its own":        "BREW /pot HTTP/1.0\r\n\r\n",
}

func TestWhatAClientSaysEndsNeitherStringNorLine(t *testing.T) {
	for name, request := range hostile {
		for _, form := range []Form{Combined, JSON} {
			w := newTestWriter(form)
			r := bare()
			r.Head = headOf(t, w, request)
			w.Write(&r)
			line := string(w.b)
			if strings.Count(line, "\n") != 1 || !strings.HasSuffix(line, "\n") {
				t.Errorf("%s, %s: got %q, want one line", name, form, line)
			}
			isOdd := func(c rune) bool { return c < ' ' || c >= 0x7f }
			if strings.ContainsFunc(strings.TrimSuffix(line, "\n"), isOdd) {
				t.Errorf("%s, %s: got %q, want printable ASCII", name, form, line)
			}
			if form == Combined {
				bare := strings.NewReplacer(`\\`, "", `\"`, "").Replace(line)
				if quotes := strings.Count(bare, `"`); quotes != 6 {
					t.Errorf("%s: got %d quotes that are not escaped in %s, want 6", name, quotes, line)
				}
				continue
			}
			var got struct {
				Level, Reason string
				Path          string `json:"url.path"`
			}
			err := json.Unmarshal([]byte(line), &got)
			if err != nil || got.Level != "INFO" || !strings.HasPrefix(got.Path, "/") {
				t.Errorf("%s: got %s, which reads as %+v (%v)", name, line, got, err)
			}
		}
	}
}

func TestWhoAskedIsAnAddress(t *testing.T) {
	from := unix.RawSockaddrAny{Addr: unix.RawSockaddr{Family: unix.AF_UNIX}}
	for want, asker := range map[string]client.Peer{
		"203.0.113.9": client.FromAddrPort(netip.MustParseAddrPort("203.0.113.9:5")),
		"2001:db8::1": client.FromAddrPort(netip.MustParseAddrPort("[2001:db8::1]:5")),
		"192.0.2.7":   client.FromAddrPort(netip.MustParseAddrPort("[::ffff:192.0.2.7]:5")),
		"unix:":       client.FromAccept(&from),
	} {
		r := bare()
		r.Client, r.Peer = asker, asker
		if got := string(appendCombinedLine(nil, &r)); !strings.HasPrefix(got, want+" - - [") {
			t.Errorf("got %q, want it to begin with %s", got, want)
		}
		member := `"client.address":"` + want + `","network.peer.address":"` + want + `"`
		if got := string(appendJSONLine(nil, &r)); !strings.Contains(got, member) {
			t.Errorf("got %s, want %s in it", got, member)
		}
	}
}

func TestTheVersionIsTheClients(t *testing.T) {
	for minor, want := range map[uint8]string{0: "1.0", 1: "1.1"} {
		w := newTestWriter(JSON)
		r := Record{Head: headOf(t, w, "GET / HTTP/1."+want[2:]+"\r\nHost: x\r\n\r\n"), Minor: minor, Status: 200}
		if got := string(appendCombinedLine(nil, &r)); !strings.Contains(got, `"GET / HTTP/`+want+`" 200 `) {
			t.Errorf("got %q, want HTTP/%s", got, want)
		}
		if got := string(appendJSONLine(nil, &r)); !strings.Contains(got, `"network.protocol.version":"`+want+`"`) {
			t.Errorf("got %q, want version %s", got, want)
		}
	}
}

// TestAGlimpseOfAHeadIsEnough is for a request whose head never came to an end: what is there of its first line is
// logged.
func TestAGlimpseOfAHeadIsEnough(t *testing.T) {
	w := newTestWriter(Combined)
	var r http1.Request
	r.Glimpse([]byte("GET /half HTTP/1.1\r\nHost: exam"), http1.DefaultLimits)
	excerpt := w.Excerpt(&r)
	record := Record{Head: excerpt.CopyTo(nil), Minor: r.Minor, Status: 408}
	if got := string(appendCombinedLine(nil, &record)); !strings.Contains(got, `"GET /half HTTP/1.1" 408 0 "-" "-"`) {
		t.Errorf("got %q, want the request line", got)
	}
}
