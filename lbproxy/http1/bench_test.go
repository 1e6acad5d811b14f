package http1_test

import (
	"testing"

	"percore/lbproxy/http1"
)

const wrkRequest = "GET /api/v1/items?page=2 HTTP/1.1\r\n" +
	"Host: www.example.org:8080\r\n" +
	"User-Agent: curl/7.88.1\r\n" +
	"Accept: */*\r\n" +
	"Accept-Encoding: gzip, deflate\r\n" +
	"X-Request-Id: 0af7651916cd43dd8448eb211c80319c\r\n\r\n"

const browserRequest = "GET /account/settings?tab=security HTTP/1.1\r\n" +
	"Host: www.example.org\r\n" +
	"Connection: keep-alive\r\n" +
	"sec-ch-ua: \"Chromium\";v=\"128\", \"Not;A=Brand\";v=\"24\"\r\n" +
	"sec-ch-ua-mobile: ?0\r\n" +
	"Upgrade-Insecure-Requests: 1\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36\r\n" +
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n" +
	"Sec-Fetch-Site: same-origin\r\n" +
	"Referer: https://www.example.org/account\r\n" +
	"Accept-Encoding: gzip, deflate, br, zstd\r\n" +
	"Accept-Language: en-GB,en;q=0.9\r\n" +
	"Cookie: session=2|1:0|10:1722345678|7:session|44:YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY=|0123456789abcdef\r\n\r\n"

const tornadoResponse = "HTTP/1.1 200 OK\r\n" +
	"Server: TornadoServer/6.2\r\n" +
	"Content-Type: text/html; charset=UTF-8\r\n" +
	"Date: Thu, 01 Aug 2024 12:34:56 GMT\r\n" +
	"Etag: \"e02aa1b106d5c7c6a98def2b13005d5b84fd8dc8\"\r\n" +
	"Content-Length: 1024\r\n\r\n"

func BenchmarkRequestWrk(b *testing.B)     { benchmarkRequest(b, wrkRequest) }
func BenchmarkRequestBrowser(b *testing.B) { benchmarkRequest(b, browserRequest) }

func benchmarkRequest(b *testing.B, message string) {
	var r http1.Request
	raw := []byte(message)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if n, err := r.Parse(raw, 0, http1.DefaultLimits); n != len(raw) || err != nil {
			b.Fatalf("got %d, %v; want %d", n, err, len(raw))
		}
	}
}

func BenchmarkResponseTornado(b *testing.B) {
	var r http1.Response
	raw := []byte(tornadoResponse)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if n, err := r.Parse(raw, 0, http1.DefaultLimits, http1.MethodGET); n != len(raw) || err != nil {
			b.Fatalf("got %d, %v; want %d", n, err, len(raw))
		}
	}
}

func BenchmarkChunked1KiB(b *testing.B) {
	raw := append(http1.AppendChunkHead(nil, 1024), make([]byte, 1024)...)
	raw = append(raw, http1.ChunkEnd+http1.LastChunk...)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		var d http1.ChunkDecoder
		for rest := raw; !d.Done(); {
			_, n, err := d.Next(rest)
			if n == 0 || err != nil {
				b.Fatalf("got %d, %v with %d bytes left", n, err, len(rest))
			}
			rest = rest[n:]
		}
	}
}

func TestParsingAllocatesNothing(t *testing.T) {
	var request http1.Request
	var response http1.Response
	head, answer, bad := []byte(browserRequest), []byte(tornadoResponse), []byte("HTTP/1.1 200 OK\r\na b\r\n\r\n")
	body, line := []byte("5\r\nhello\r\n"+http1.LastChunk), make([]byte, 0, 32)
	offer := []byte("h2c, websocket")
	cases := []struct {
		name string
		run  func()
	}{
		{"a request", func() { _, _ = request.Parse(head, 0, http1.DefaultLimits) }},
		{"a part of a request", func() { _, _ = request.Parse(head[:100], 0, http1.DefaultLimits) }},
		{"a refused request", func() { _, _ = request.Parse(answer, 0, http1.DefaultLimits) }},
		{"a response", func() { _, _ = response.Parse(answer, 0, http1.DefaultLimits, http1.MethodGET) }},
		{"a refused response", func() { _, _ = response.Parse(bad, 0, http1.DefaultLimits, http1.MethodGET) }},
		{"a chunked body", func() {
			var d http1.ChunkDecoder
			for rest := body; !d.Done(); {
				_, n, _ := d.Next(rest)
				rest = rest[n:]
			}
		}},
		{"a chunk head", func() { line = http1.AppendChunkHead(line[:0], 1<<20) }},
		{"an Upgrade value", func() { line = append(line[:0], http1.WebSocketOffer(offer)...) }},
	}
	for _, c := range cases {
		if got := testing.AllocsPerRun(100, c.run); got != 0 {
			t.Errorf("%s: got %v allocations, want 0", c.name, got)
		}
	}
}
