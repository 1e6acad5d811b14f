package load

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Options says what to ask, how, and what answer is right.
type Options struct {
	Address   string        // host:port
	Clients   int           // that ask at the same time, each on its own connection; 1 when 0
	KeepAlive bool          // whether a client asks again on the same connection
	Method    string        // GET when empty
	Path      string        // with the query; / when empty
	Header    []string      // further lines, as in "X-Real-IP: 192.0.2.1"; a line with Host replaces the Host of Address
	Body      []byte        // sent with its Content-Length when Method has one or it is not empty
	Pause     time.Duration // of a client between two requests
	Timeout   time.Duration // of one request, connecting included; a minute when 0
	Status    int           // the right one; 200 when 0

	// Check says what is wrong with the body of an answer of the right status; nil takes any. It may be called by all clients at once.
	Check func(body []byte) error
}

// withDefaults fills in what was left out.
func (o Options) withDefaults() Options {
	if o.Clients == 0 {
		o.Clients = 1
	}
	if o.Method == "" {
		o.Method = http.MethodGet
	}
	if o.Path == "" {
		o.Path = "/"
	}
	if o.Timeout == 0 {
		o.Timeout = time.Minute // percore gives up before, and says so
	}
	if o.Status == 0 {
		o.Status = http.StatusOK
	}
	if o.Check == nil {
		o.Check = func([]byte) error { return nil }
	}
	return o
}

// request is the whole request on the wire; it is the same each time.
func (o *Options) request() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", o.Method, o.Path)
	if !o.has("Host") {
		fmt.Fprintf(&b, "Host: %s\r\n", o.Address)
	}
	for _, line := range o.Header {
		b.WriteString(line + "\r\n")
	}
	if !o.KeepAlive {
		b.WriteString("Connection: close\r\n")
	}
	if len(o.Body) > 0 || o.Method == http.MethodPost || o.Method == http.MethodPut {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(o.Body))
	}
	b.WriteString("\r\n")
	b.Write(o.Body)
	return b.Bytes()
}

func (o *Options) has(name string) bool {
	for _, line := range o.Header {
		if before, _, _ := strings.Cut(line, ":"); strings.EqualFold(before, name) {
			return true
		}
	}
	return false
}
