package parsers

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"percore/e2e/rig"
)

// message is a request as a server understood it.
type message struct {
	Count  int `json:"count"` // of all that the server has had
	Method string
	Target string
	Fields map[string]string
	Body   string
}

// course is what came of one input.
type course struct {
	statuses []string
	seen     []message
}

// lastRequest follows every input, so that it shows where the server thinks that the input ends.
const lastRequest = "GET /last HTTP/1.1\r\nHost: last.example\r\nConnection: close\r\n\r\n"

// TestEveryParserBehindTheFrontDoorSeesTheSame sends each input of the corpus to each server. What the front door refuses
// none of them sees; of the rest each sees the same messages, as many as the corpus says.
func TestEveryParserBehindTheFrontDoorSeesTheSame(t *testing.T) {
	inputs := append(corpus(), fuzzed(t)...)
	reference := map[string]course{}
	front := frontDoor(t, netHTTP(t))
	for _, in := range inputs {
		c := converse(t, front, in.bytes+lastRequest)
		reference[in.name] = c
		if got := len(c.seen); in.messages >= 0 && got != in.messages {
			t.Errorf("%s: net/http: got %d messages (%q), want %d", in.name, got, c.statuses, in.messages)
		}
	}
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			front := frontDoor(t, s.start(t))
			before := 0
			for _, in := range inputs {
				got := converse(t, front, in.bytes+lastRequest)
				before = checkCount(t, in.name, before, got)
				if reason := deviations[s.name][in.name]; reason != "" {
					t.Logf("%s: not compared: %s", in.name, reason)
					continue
				}
				compare(t, in.name, got, reference[in.name])
			}
		})
	}
}

// deviations are the servers that refuse what is in order, and why.
var deviations = map[string]map[string]string{
	"uvicorn with h11": {"fuzzed upgrade": "has no WebSocket handshake"},
	"uvicorn with httptools": {
		"fuzzed upgrade":        "has no WebSocket handshake",
		"OPTIONS of everything": "takes * for no URL",
		"an unknown method":     "knows a fixed list of methods",
	},
}

// checkCount finds requests that a server saw and did not answer, such as one smuggled past the front door.
func checkCount(t *testing.T, name string, before int, got course) int {
	t.Helper()
	for i, m := range got.seen {
		if m.Count != before+i+1 {
			t.Errorf("%s: message %d is the server's %dth, want the %dth", name, i, m.Count, before+i+1)
		}
	}
	if n := len(got.seen); n > 0 {
		return got.seen[n-1].Count
	}
	return before
}

func compare(t *testing.T, name string, got, want course) {
	t.Helper()
	if !slices.Equal(got.statuses, want.statuses) || len(got.seen) != len(want.seen) {
		t.Errorf("%s: got statuses %q for %v, want %q for %v as net/http has it", name, got.statuses, got.seen, want.statuses, want.seen)
		return
	}
	for i := range got.seen {
		g, w := got.seen[i], want.seen[i]
		g.Count, w.Count = 0, 0
		if !reflect.DeepEqual(g, w) {
			t.Errorf("%s: message %d:\n got %v\nwant %v as net/http has it", name, i, g, w)
		}
	}
}

// converse sends an input and reads the answers to the end.
func converse(t *testing.T, front, input string) (c course) {
	t.Helper()
	conn, err := net.Dial("tcp", front)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(rig.Patience))
	if _, err := io.WriteString(conn, input); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(conn)
	for {
		head, err := http.ReadResponse(in, &http.Request{Method: "HEAD"})
		if err != nil {
			if err != io.ErrUnexpectedEOF && err != io.EOF {
				t.Errorf("%.60q: %v", input, err)
			}
			return c
		}
		if head.StatusCode < 200 {
			continue
		}
		c.statuses = append(c.statuses, strconv.Itoa(head.StatusCode))
		var m message
		if line := head.Header.Get("X-Seen"); line != "" {
			if err := json.Unmarshal([]byte(line), &m); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			m.forget(front)
			c.seen = append(c.seen, m)
		}
		if m.Method != http.MethodHead {
			_, _ = in.Discard(int(head.ContentLength))
		}
	}
}

// forget drops what differs by the front door's connection and not by the message.
func (m *message) forget(front string) {
	for _, name := range []string{"content-length", "transfer-encoding", "connection", "x-forwarded-port"} {
		delete(m.Fields, name) // framing shows in the body
	}
	if stamp, ok := m.Fields["x-request-start"]; ok {
		m.Fields["x-request-start"], _, _ = strings.Cut(stamp, "=") // the time is another for each server
	}
	for name, value := range m.Fields {
		if value == front { // what HTTP/1.0 without a Host gets
			m.Fields[name] = "the front door"
		}
	}
}

// spell says in Go what testdata/seen.py says in Python.
func spell(count int, r *http.Request, body []byte) string {
	m := map[string]any{"count": count, "method": r.Method, "target": r.RequestURI, "body": spellBody(body)}
	fields := map[string]string{"host": r.Host}
	for name, values := range r.Header {
		fields[strings.ToLower(name)] = strings.Join(values, ",")
	}
	m["fields"] = fields
	b, _ := json.Marshal(m)
	return string(b)
}

func spellBody(body []byte) string {
	if len(body) > 200 {
		return fmt.Sprintf("%x", sha256.Sum256(body))
	}
	var latin1 []rune
	for _, c := range body {
		latin1 = append(latin1, rune(c))
	}
	return string(latin1)
}

// fuzzed are the inputs that the fuzzers of http1 keep.
func fuzzed(t *testing.T) (list []input) {
	t.Helper()
	files, err := filepath.Glob("../../lbproxy/http1/testdata/fuzz/FuzzRequest/*")
	if err != nil || len(files) == 0 {
		t.Fatalf("find the fuzzers' corpus: got %v and error %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, value, _ := strings.Cut(strings.TrimSpace(string(text)), "[]byte(")
		raw, err := strconv.Unquote(strings.TrimSuffix(value, ")"))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		list = append(list, input{name: "fuzzed " + filepath.Base(file), bytes: raw, messages: -1})
	}
	return list
}
