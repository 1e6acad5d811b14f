package lbproxy

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
)

// order is a request that a client of the chaos means to make. Its id is in its target, and is the key to every byte
// of its body and of its response's, so that a byte that belongs to another one is noticed wherever it turns up.
type order struct {
	id      int
	method  string
	size    int // bytes of the body
	chunked bool
	minor   int // of the HTTP version
	expects bool
	upgrade bool
	fields  string // further ones
	single  bool   // asks for the connection to end with the response
}

func (o *order) target() string { return fmt.Sprintf("/%07d", o.id) }

func (o *order) body() []byte { return chaosBytes(o.id, '.', o.size) }

// answerBody is what a worker says to it, in that many bytes.
func (o *order) answerBody(size int) []byte { return chaosBytes(o.id, ':', size) }

// head is the request up to its body.
func (o *order) head() []byte {
	b := fmt.Appendf(nil, "%s %s HTTP/1.%d\r\nHost: chaos\r\n", o.method, o.target(), o.minor)
	switch {
	case o.chunked:
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	case o.size > 0 || o.method == "POST" || o.method == "PUT":
		b = fmt.Appendf(b, "Content-Length: %d\r\n", o.size)
	}
	b = append(b, o.fields...)
	if o.expects {
		b = append(b, "Expect: 100-continue\r\n"...)
	}
	switch {
	case o.upgrade:
		b = append(b, "Connection: upgrade\r\nUpgrade: websocket\r\n"...)
	case o.single:
		b = append(b, "Connection: close\r\n"...)
	case o.minor == 0:
		b = append(b, "Connection: keep-alive\r\n"...)
	}
	return append(b, "\r\n"...)
}

// chaosRecord is how long the pieces are of which bodies consist: `0000012.0000003` and a line's end.
const chaosRecord = 16

func chaosBytes(id int, mark byte, size int) []byte {
	b := make([]byte, 0, size+chaosRecord)
	for n := 0; len(b) < size; n++ {
		b = appendSeven(b, id)
		b = append(b, mark)
		b = appendSeven(b, n)
		b = append(b, '\n')
	}
	return b[:size]
}

func appendSeven(b []byte, n int) []byte {
	var digits [7]byte
	for i := range digits {
		digits[len(digits)-1-i] = '0' + byte(n%10)
		n /= 10
	}
	return append(b, digits[:]...)
}

// matcher compares what is written to it with what it wants, of which it may be the beginning.
type matcher struct {
	want  []byte
	at    int
	fault string
}

func (m *matcher) Write(p []byte) (int, error) {
	switch {
	case m.fault != "":
	case m.at+len(p) > len(m.want):
		m.fault = fmt.Sprintf("got at least %d bytes, want %d; the last is %.40q", m.at+len(p), len(m.want), p[len(m.want)-m.at:])
	case !bytes.Equal(m.want[m.at:m.at+len(p)], p):
		m.fault = fmt.Sprintf("in bytes %d to %d: got %.40q…, want %.40q…", m.at, m.at+len(p), p, m.want[m.at:])
	}
	m.at += len(p)
	return len(p), nil
}

func (m *matcher) isWhole() bool { return m.at == len(m.want) }

// sight is one time that a worker had the head of a request.
type sight struct {
	worker      int
	incarnation uint64
	kept        bool // not the connection's first request
}

// orderBook has what the clients of the chaos ordered, what the workers saw of it, and what is wrong.
type orderBook struct {
	pardons int // deaths that are not held against a request

	mu     sync.Mutex // guards all of it
	orders map[int]*order
	seen   map[int][]sight
	faults []string
}

func newOrderBook() *orderBook { return &orderBook{orders: map[int]*order{}, seen: map[int][]sight{}} }

func (l *orderBook) fault(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = append(l.faults, fmt.Sprintf(format, args...))
}

func (l *orderBook) isClean() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.faults) == 0
}

func (l *orderBook) expect(o *order) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.orders[o.id] = o
}

// see notes that a worker has this head, and returns the order that it is, with how often workers had that before. It
// is nil, and a fault, when no client made that request.
func (l *orderBook) see(head string, by sight) (*order, int) {
	if fault := faultOf(head); fault != "" {
		l.fault("worker %d: head %s", by.worker, fault)
		return nil, 0
	}
	start := strings.Fields(head)
	var id int
	_, err := fmt.Sscanf(start[1], "/%d", &id)
	l.mu.Lock()
	defer l.mu.Unlock()
	o := l.orders[id]
	if err != nil || o == nil || o.target() != start[1] || o.method != start[0] {
		l.faults = append(l.faults, fmt.Sprintf("worker %d: got a request that no client made: %q", by.worker, head))
		return nil, 0
	}
	before := l.seen[id]
	l.seen[id] = append(before, by)
	if fault := o.seenTooOften(l.seen[id], l.pardons); fault != "" {
		l.faults = append(l.faults, fault)
	}
	return o, len(before)
}

// seenTooOften says what is wrong with the list of times that workers have had it. What is not safe to repeat they
// have once. Anything else they have twice at most, as it may be what kills them, and once more where one of them
// closed a kept connection; deaths that have another reason are pardoned.
func (o *order) seenTooOften(list []sight, pardons int) string {
	type life struct {
		worker      int
		incarnation uint64
	}
	lives := map[life]int{}
	kept := 0
	for _, s := range list {
		lives[life{s.worker, s.incarnation}]++
		if s.kept {
			kept++
		}
	}
	switch {
	case len(list) < 2:
	case o.method == "POST":
		return fmt.Sprintf("POST %d was seen %d times: %v", o.id, len(list), list)
	case len(lives) > 2+pardons, len(list) > 3+pardons, len(list) == 3+pardons && kept == 0:
		return fmt.Sprintf("%s %d was seen %d times by %d workers: %v", o.method, o.id, len(list), len(lives), list)
	}
	return ""
}
