package http1_test

import (
	"errors"
	"fmt"

	"percore/lbproxy/http1"
)

func ExampleRequest_Parse() {
	arrivals := []string{"GET /hello HTTP/1.1\r\nHo", "st: example.org\r\nConnection: x-hop\r\nX-Hop: 1\r\n", "\r\n"}
	var (
		request http1.Request
		buffer  []byte
		seen    int
	)
	for _, bytes := range arrivals {
		buffer = append(buffer, bytes...)
		n, err := request.Parse(buffer, seen, http1.DefaultLimits)
		if n > 0 || err != nil {
			break
		}
		seen = len(buffer)
		fmt.Println("more needed after", seen, "bytes")
	}
	fmt.Printf("%s %s for %s\n", request.Method, request.Origin, request.Host)
	for _, f := range request.Fields {
		fmt.Printf("%s forwarded: %t\n", f.Name, !f.Hop)
	}
	// Output:
	// more needed after 23 bytes
	// more needed after 69 bytes
	// GET /hello for example.org
	// Host forwarded: true
	// Connection forwarded: false
	// X-Hop forwarded: false
}

func ExampleError() {
	var request http1.Request
	_, err := request.Parse([]byte("GET /a b HTTP/1.1\r\n"), 0, http1.DefaultLimits)
	var refusal *http1.Error
	if errors.As(err, &refusal) {
		fmt.Println(refusal.Status, refusal)
	}
	// Output: 400 malformed request line
}

func ExampleChunkDecoder() {
	var decoder http1.ChunkDecoder
	rest := []byte("5;ext=1\r\nhello\r\n7\r\n, world\r\n0\r\nTrailer: dropped\r\n\r\nGET /next")
	for !decoder.Done() {
		data, n, err := decoder.Next(rest)
		if err != nil || n == 0 {
			return
		}
		fmt.Printf("%s", data)
		rest = rest[n:]
	}
	fmt.Printf("\nleft: %s\n", rest)
	// Output:
	// hello, world
	// left: GET /next
}
