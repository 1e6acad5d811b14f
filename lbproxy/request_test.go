package lbproxy

import (
	"net/netip"
	"strings"
	"testing"

	"percore/lbproxy/client"
	"percore/lbproxy/http1"
)

// TestTheHeadForAWorkerIsGeneratedAnew holds the whole head, in its order, without a connection or a loop.
func TestTheHeadForAWorkerIsGeneratedAnew(t *testing.T) {
	const ours = "X-Real-IP: 203.0.113.7\r\nX-Forwarded-For: 203.0.113.7\r\nX-Scheme: http\r\nX-Forwarded-Proto: http\r\n" +
		"X-Forwarded-Host: app.example:8080\r\nX-Forwarded-Port: 8080\r\nX-Request-Start: t=1700000000123\r\n"
	tests := []struct {
		name, head string
		change     func(*requestHead)
		want       string
	}{
		{
			"a plain one", "GET /a?b HTTP/1.1\r\nHost: app.example:8080\r\nAccept: */*\r\n\r\n", nil,
			"GET /a?b HTTP/1.1\r\nHost: app.example:8080\r\nAccept: */*\r\n" + ours + "\r\n",
		},
		{
			"what a client must not say",
			"GET / HTTP/1.1\r\nHost: app.example:8080\r\nX-Real-IP: 6.6.6.6\r\nX_Real_IP: 6.6.6.6\r\nConnection: close, x-mine\r\nX-Mine: 1\r\n\r\n", nil,
			"GET / HTTP/1.1\r\nHost: app.example:8080\r\n" + ours + "\r\n",
		},
		{
			"a body with a length", "POST / HTTP/1.1\r\nHost: app.example:8080\r\nContent-Length: 5\r\n\r\n", nil,
			"POST / HTTP/1.1\r\nHost: app.example:8080\r\n" + ours + "Content-Length: 5\r\n\r\n",
		},
		{
			"a body of unknown length leaves a gap", "POST / HTTP/1.1\r\nHost: app.example:8080\r\nTransfer-Encoding: chunked\r\n\r\n", nil,
			"POST / HTTP/1.1\r\nHost: app.example:8080\r\n" + ours + strings.Repeat(" ", framingGapBytes),
		},
		{
			"what the front door adds when it is told to", "GET / HTTP/1.0\r\nHost: app.example:8080\r\n\r\n",
			func(h *requestHead) { h.via, h.expects, h.trailers = "percore", true, true },
			"GET / HTTP/1.1\r\nHost: app.example:8080\r\nVia: 1.0 percore\r\nExpect: 100-continue\r\nTE: trailers\r\n" + ours + "\r\n",
		},
		{
			"an OPTIONS with steps left", "OPTIONS * HTTP/1.1\r\nHost: app.example:8080\r\nMax-Forwards: 3\r\n\r\n", nil,
			"OPTIONS * HTTP/1.1\r\nHost: app.example:8080\r\nMax-Forwards: 2\r\n" + ours + "\r\n",
		},
		{
			"an offer of WebSocket", "GET / HTTP/1.1\r\nHost: app.example:8080\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", nil,
			"GET / HTTP/1.1\r\nHost: app.example:8080\r\n" + ours + "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
		},
	}
	peer := client.FromAddrPort(netip.MustParseAddrPort("203.0.113.7:4711"))
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var r http1.Request
			if _, err := r.Parse([]byte(test.head), 0, http1.DefaultLimits); err != nil {
				t.Fatal(err)
			}
			asker := client.Identify(peer, false, &client.Trust{}, r.Host, r.Fields)
			h := requestHead{Request: &r, asker: &asker, startMillis: 1_700_000_000_123}
			if test.change != nil {
				test.change(&h)
			}
			got := h.appendTo(nil)
			if string(got) != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
			if size := h.size(); size < len(got) {
				t.Errorf("room: got %d bytes for %d", size, len(got))
			}
		})
	}
}
