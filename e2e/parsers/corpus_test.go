package parsers

import "strings"

// input is what a client sends before lastRequest.
type input struct {
	name     string
	bytes    string
	messages int // how many a server sees, the last request included; -1 does not say
}

// corpus has ordinary requests and the classics of request smuggling (RFC 9112 section 11.2).
func corpus() []input {
	return append(ordinary(), refused()...)
}

func ordinary() []input {
	long := strings.Repeat("x", 100_000)
	return []input{
		{name: "a GET", bytes: "GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n", messages: 2},
		{name: "a body with a length", bytes: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", messages: 2},
		{
			name:     "a body that looks like a request",
			bytes:    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 34\r\n\r\nGET /inner HTTP/1.1\r\nHost: inner\r\n\r\n",
			messages: 2,
		},
		{name: "chunks", bytes: "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", messages: 2},
		{
			name:     "chunks with extensions and trailers",
			bytes:    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b;c=\"d;e\"\r\nhello\r\n0;z\r\nX-Trailer: 1\r\nContent-Length: 9\r\n\r\n",
			messages: 2,
		},
		{
			name:     "chunk sizes with zeros and capitals",
			bytes:    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: CHUNKED\r\n\r\n00A\r\n0123456789\r\n000\r\n\r\n",
			messages: 2,
		},
		{
			name:     "a chunk that looks like the end",
			bytes:    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n0\r\n\r\nGE\r\n0\r\n\r\n",
			messages: 2,
		},
		{name: "a long body with a length, streamed", bytes: "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + long, messages: 2},
		{
			name:     "a long body in chunks, streamed",
			bytes:    "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n186a0\r\n" + long + "\r\n186a0\r\n" + long + "\r\n0\r\n\r\n",
			messages: 2,
		},
		{name: "an empty chunked body", bytes: "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", messages: 2},
		{name: "a GET with a body", bytes: "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", messages: 2},
		{name: "a DELETE with a chunked body", bytes: "DELETE / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", messages: 2},
		{name: "a HEAD", bytes: "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", messages: 2},
		{
			name:     "three at once",
			bytes:    "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nPOST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhiGET /3 HTTP/1.1\r\nHost: x\r\n\r\n",
			messages: 4,
		},
		{name: "empty lines before a request", bytes: "\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", messages: 2},
		{name: "an absolute target against another Host", bytes: "GET http://target.example/p HTTP/1.1\r\nHost: other.example\r\n\r\n", messages: 2},
		{name: "OPTIONS of everything", bytes: "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", messages: 2},
		{name: "HTTP/1.0 that keeps its connection", bytes: "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", messages: 2},
		{name: "fields that come twice", bytes: "GET / HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nX-A: 2\r\nAccept: a\r\naccept: b\r\n\r\n", messages: 2},
		{name: "empty and odd values", bytes: "GET / HTTP/1.1\r\nHost: x\r\nX-Empty:\r\nX-Tab: \ta\tb\t\r\nX-Odd: \"a;b,c: d\"\r\n\r\n", messages: 2},
		{name: "every letter of a token", bytes: "GET / HTTP/1.1\r\nHost: x\r\nX-!#$%&'*+.^`|~9: y\r\n\r\n", messages: 2},
		{name: "identity made up", bytes: "GET / HTTP/1.1\r\nHost: x\r\nX-Real-IP: 1.2.3.4\r\nX_Real_IP: 1.2.3.4\r\nX-Forwarded-For: 1.2.3.4\r\nForwarded: for=1.2.3.4\r\n\r\n", messages: 2},
		{name: "hop-by-hop fields", bytes: "GET / HTTP/1.1\r\nHost: x\r\nConnection: x-hop, keep-alive\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nTE: gzip\r\nProxy-Connection: close\r\n\r\n", messages: 2},
		{name: "names with underscores", bytes: "GET / HTTP/1.1\r\nHost: x\r\nContent_Length: 5\r\nTransfer_Encoding: chunked\r\n\r\n", messages: 2},
		{name: "an expectation", bytes: "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi", messages: 2},
		{name: "an escaped path", bytes: "GET /%2e%2e/%00%0d%0a/a%2Fb?q=%zz HTTP/1.1\r\nHost: x\r\n\r\n", messages: -1},
		{name: "an unknown method", bytes: "BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n", messages: 2},
		{name: "an upgrade to HTTP/2", bytes: "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n", messages: 2},
		{name: "an IPv6 host", bytes: "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", messages: 2},
	}
}

func refused() (list []input) {
	const smuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
	for name, head := range map[string]string{
		"a length and a coding":                       "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"a coding and a length":                       "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n",
		"two lengths":                                 "Content-Length: 5\r\nContent-Length: 0\r\n\r\nhello",
		"two equal lengths":                           "Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
		"a list of lengths":                           "Content-Length: 0, 0\r\n\r\n",
		"a length with a sign":                        "Content-Length: +0\r\n\r\n",
		"a length in hex":                             "Content-Length: 0x0\r\n\r\n",
		"a length with an underscore":                 "Content-Length: 1_0\r\n\r\n0123456789",
		"an empty length":                             "Content-Length:\r\n\r\n",
		"a length beyond 64 bits":                     "Content-Length: 18446744073709551616\r\n\r\n",
		"another coding before chunked":               "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		"chunked before another coding":               "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
		"chunked twice":                               "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"an empty coding before chunked":              "Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n",
		"chunked in quotes":                           "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
		"chunked with a parameter":                    "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n",
		"chunked behind a vertical tab":               "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
		"chunked behind a no-break space":             "Transfer-Encoding: \xa0chunked\r\n\r\n0\r\n\r\n",
		"chunked behind a next-line":                  "Transfer-Encoding: chunked\x85\r\n\r\n0\r\n\r\n",
		"a space before the colon":                    "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
		"a tab before the colon":                      "Content-Length\t: 0\r\n\r\n",
		"a folded coding":                             "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
		"a folded line":                               "X-A: b\r\n Content-Length: 5\r\n\r\n",
		"a first line that is folded":                 " X-A: b\r\n\r\n",
		"a bare CR in a value":                        "X-A: b\rContent-Length: 5\r\n\r\n",
		"a bare LF at a line's end":                   "X-A: b\nContent-Length: 0\r\n\r\n",
		"a bare LF for the empty line":                "X-A: b\r\n\n",
		"a NUL in a value":                            "X-A: b\x00c\r\n\r\n",
		"a NUL in a name":                             "X-\x00A: b\r\n\r\n",
		"a name that is empty":                        ": b\r\n\r\n",
		"a line without a colon":                      "Content-Length 0\r\n\r\n",
		"a name in quotes":                            "\"X-A\": b\r\n\r\n",
		"a name with a byte beyond ASCII":             "X-\xffA: b\r\n\r\n",
		"a second Host":                               "Host: y\r\n\r\n",
		"Connection that names Content-Length":        "Connection: Content-Length\r\nContent-Length: 0\r\n\r\n",
		"Connection that names Transfer-Encoding":     "Connection: close, Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"Connection that names Host":                  "Connection: host\r\n\r\n",
		"a chunk size in another notation":            "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
		"a chunk size with a sign":                    "Transfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n",
		"a chunk size with an underscore":             "Transfer-Encoding: chunked\r\n\r\n0_5\r\nhello\r\n0\r\n\r\n",
		"a chunk size with a space":                   "Transfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n",
		"a chunk size behind a space":                 "Transfer-Encoding: chunked\r\n\r\n 5\r\nhello\r\n0\r\n\r\n",
		"a negative chunk size":                       "Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
		"an empty chunk size":                         "Transfer-Encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n",
		"a chunk size beyond 64 bits":                 "Transfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n",
		"a bare LF behind a chunk size":               "Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n",
		"a bare CR behind a chunk size":               "Transfer-Encoding: chunked\r\n\r\n5\rXhello\r\n0\r\n\r\n",
		"a bare LF in a chunk extension":              "Transfer-Encoding: chunked\r\n\r\n5;a\nhello\r\n0\r\n\r\n",
		"a quote that is never closed":                "Transfer-Encoding: chunked\r\n\r\n5;a=\"\r\nhello\r\n0\r\n\r\n",
		"a chunk without its end":                     "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n",
		"a chunk that is longer than it says":         "Transfer-Encoding: chunked\r\n\r\n4\r\nhello\r\n0\r\n\r\n",
		"a bare LF behind chunk data":                 "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\n0\r\n\r\n",
		"a bare LF behind the last chunk":             "Transfer-Encoding: chunked\r\n\r\n0\n\r\n",
		"a bare LF for the last line of chunks":       "Transfer-Encoding: chunked\r\n\r\n0\r\n\n",
		"a trailer with a space before the colon":     "Transfer-Encoding: chunked\r\n\r\n0\r\nX : y\r\n\r\n",
		"a trailer that is folded":                    "Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n z\r\n\r\n",
		"an expectation that nobody knows":            "Expect: 200-ok\r\n\r\n",
		"a coding in an obsolete spelling, beside it": "Transfer-Encoding: chunked\r\nTransfer-encoding: cow\r\n\r\n0\r\n\r\n",
	} {
		list = append(list, input{name: name, bytes: "POST / HTTP/1.1\r\nHost: x\r\n" + head + smuggled, messages: 0})
	}
	for name, bytes := range map[string]string{
		"no Host":                           "GET / HTTP/1.1\r\n\r\n",
		"a Host with a comma":               "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n",
		"a Host with a space":               "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
		"a Host with a slash":               "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
		"a Host with a user":                "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n",
		"HTTP/0.9":                          "GET /\r\n",
		"two spaces in the request line":    "GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
		"a space at its end":                "GET / HTTP/1.1 \r\nHost: x\r\n\r\n",
		"a tab in it":                       "GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n",
		"a bare LF at its end":              "GET / HTTP/1.1\nHost: x\r\n\r\n",
		"another version":                   "GET / HTTP/1.2\r\nHost: x\r\n\r\n",
		"HTTP/2's preface":                  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"CONNECT":                           "CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n",
		"TRACE":                             "TRACE / HTTP/1.1\r\nHost: x\r\n\r\n",
		"a fragment":                        "GET /#a HTTP/1.1\r\nHost: x\r\n\r\n",
		"* without OPTIONS":                 "GET * HTTP/1.1\r\nHost: x\r\n\r\n",
		"an authority without CONNECT":      "GET x:80 HTTP/1.1\r\nHost: x\r\n\r\n",
		"https on a plain connection":       "GET https://x/ HTTP/1.1\r\nHost: x\r\n\r\n",
		"a byte beyond ASCII in the target": "GET /\xe4 HTTP/1.1\r\nHost: x\r\n\r\n",
		"a coding in HTTP/1.0":              "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"a GET with a body in HTTP/1.0":     "GET / HTTP/1.0\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\nabc",
		"a method in other letters":         "G(T / HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		list = append(list, input{name: name, bytes: bytes, messages: 0})
	}
	return list
}
