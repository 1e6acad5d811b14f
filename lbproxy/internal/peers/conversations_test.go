package peers_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"percore/lbproxy/internal/peers"
)

// conversations are cases as the front door's tests have them, played over a wire. A line `# line N: WORDS` says that
// the case is not followed, at which of its lines and in which words; a case without one holds.
const conversations = `
case a request and its response, by length
client
  send
    | GET / HTTP/1.1
    | Host: x
    |
  head HTTP/1.1 200 OK
  field Content-Length: 2
  body "ok"
  finish
  expect end
worker
  accept
  head GET / HTTP/1.1
  field Host: x
  no field Content-Length
  send "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
  expect end
  close

case two requests on one connection
client
  send "1"
  expect "a"
  send "2"
  expect "b"
worker
  accept
  expect "1"
  send "a"
  expect "2"
  send "b"

case a client that speaks first on its second connection
client
  finish
  expect end
  connect
  send "again"
worker
  accept
  expect end
  close
  accept
  expect "again"

case a worker that has to wait for a client's word
client
  settle
  send "now"
  signal said
  expect "heard"
worker
  accept
  wait said
  expect "now"
  send "heard"

case a client and a worker that signal each other
client
  signal one
  wait two
  finish
worker
  accept
  wait one
  signal two
  expect end

case a signal that comes before it is waited for
client
  signal early
  send "x"
worker
  accept
  expect "x"
  wait early

case a name that is given twice, once for each side
client
  signal mine
  wait yours
worker
  accept
  signal yours
  wait mine

case bytes in lines and in strings are the same
client
  send "a\r\nb\r\n"
worker
  accept
  expect
    | a
    | b

case strings one behind the other
client
  send "a" "b" "\x00"
worker
  accept
  expect "ab\x00"

case a line of bytes may begin with spaces, and be empty
client
  send
    |   two
    |
worker
  accept
  expect "  two\r\n\r\n"

case a large fill arrives through small buffers
client
  buffers 4096
  send fill 300000
  finish
worker
  buffers 4096
  accept
  expect fill 300000
  expect end

case a body by chunks, both ways
client
  send "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
  head HTTP/1.1 200
  body "de"
worker
  accept
  head POST
  body "abc"
  send "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nd\r\n1\r\ne\r\n0\r\n\r\n"

case a body whose bytes do not matter
client
  send "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcmore"
worker
  accept
  head POST
  any body
  expect "more"

case a body by the end of the connection
client
  head HTTP/1.0 200
  body "until the end"
  expect end
worker
  accept
  send "HTTP/1.0 200 OK\r\n\r\nuntil the end"
  close

case a body that breaks off by an end
client
  head HTTP/1.1 200
  broken body
worker
  accept
  send "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"
  close

case a body that breaks off by a reset
client
  send "1"
  head HTTP/1.1 200
  signal headed
  broken body
worker
  accept
  expect "1"
  send "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf"
  wait headed
  reset

case an end that may be of either kind
client
  finish
  expect gone
worker
  accept
  expect gone
  close

case nothing comes while nothing is sent
client
  expect nothing
  signal looked
  expect "x"
worker
  accept
  wait looked
  send "x"

case no connection comes while there is no client's second one
client
  send "x"
worker
  accept
  expect "x"
  no connection

case time passes
client
  pass 2ms
  send "x"
worker
  accept
  expect "x"
  pass 1ms

case a worker that is not known at first
client
  wait known
  send "x"
worker
  down
  up
  signal known
  accept
  expect "x"

case other bytes than those that came
# line 7: got "b", want "c"
client
  send "ab"
worker
  accept
  expect "a"
  expect "c"

case fewer bytes than are wanted
# line 6: got "ab" and then unexpected EOF, want "abc"
client
  send "ab"
  finish
worker
  accept
  expect "abc"

case a head that is another one
# line 6: want a head that starts with "PUT"
client
  send "GET / HTTP/1.1\r\n\r\n"
worker
  accept
  head PUT

case a head that breaks off
# line 7: want a head
client
  send "GET / HTTP/1.1\r\n"
  finish
worker
  accept
  head GET

case a field with another value
# line 7: got ["x"]
client
  send "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
worker
  accept
  head GET
  field Host: y

case a field that is there twice
# line 7: got ["x" "x"]
client
  send "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n"
worker
  accept
  head GET
  field Host: x

case a field that is not wanted
# line 7: want no such field
client
  send "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
worker
  accept
  head GET
  no field host

case a body with other bytes
# line 7: got "ab", want "ac"
client
  send "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nab"
worker
  accept
  head POST
  body "ac"

case a body that does not come whole
# line 8: want a body that ends well
client
  send "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab"
  finish
worker
  accept
  head POST
  body "ab"

case any body, but whole
# line 8: want a body that ends well
client
  send "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab"
  finish
worker
  accept
  head POST
  any body

case a body that ends well where it should break off
# line 7: got "ab" with a proper end
client
  send "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nab"
worker
  accept
  head POST
  broken body

case an end where bytes are
# line 7: got "x", want the end
client
  send "x"
  finish
worker
  accept
  expect end

case a reset where a FIN came
# line 6: want a RST
client
  finish
worker
  accept
  expect reset

case a byte where nothing should be
# line 7: want nothing to read
client
  send "x"
  signal sent
worker
  accept
  wait sent
  expect nothing

case an end where nothing should be
# line 8: want nothing to read
client
  finish
  signal sent
  expect end
worker
  accept
  wait sent
  expect nothing

case a connection where there should be none
# line 7: got a connection, want none
client
  finish
  signal done
worker
  wait done
  no connection

case a time that is none
# line 3: invalid duration
client
  pass soon
worker
  accept
`

// conversation is one of them, with what its comment says.
type conversation struct {
	script, line, want string
}

// split finds where each begins and what it is to come to; lines count from that of the case.
func split(t *testing.T, text string) map[string]conversation {
	t.Helper()
	found := map[string]conversation{}
	for part := range strings.SplitSeq(text, "\n\ncase ") {
		part = strings.TrimPrefix(strings.TrimSpace(part), "case ")
		name, _, _ := strings.Cut(part, "\n")
		c := conversation{script: "case " + part + "\n"}
		if _, comment, ok := strings.Cut(part, "\n# line "); ok {
			comment, _, _ = strings.Cut(comment, "\n")
			c.line, c.want, _ = strings.Cut(comment, ": ")
		}
		if _, ok := found[name]; ok {
			t.Errorf("case %q: there are two of that name", name)
		}
		found[name] = c
	}
	return found
}

// TestConversations plays each whole, and byte by byte: what a peer sees is the same.
func TestConversations(t *testing.T) {
	for name, c := range split(t, conversations) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for kind, pieces := range map[string]func(int, int) int{
				"whole": nil, "byte by byte": func(_, _ int) int { return 1 },
			} {
				err := perform(t, c.script, pieces)
				switch {
				case c.want == "" && err != nil:
					t.Errorf("%s: got %v, want no error", kind, err)
				case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
					t.Errorf("%s: got %v, want %q", kind, err, c.want)
				}
			}
		})
	}
}

// perform plays the only case of a script, with a wire between its peers.
func perform(t *testing.T, script string, pieces func(int, int) int) error {
	t.Helper()
	cases, err := peers.Parse(script)
	if err != nil {
		t.Fatal(err)
	}
	stage, err := cases[0].Set()
	if err != nil {
		t.Fatal(err)
	}
	defer stage.Close()
	return stage.Play(peers.Staging{
		Front: wire(t, stage.Addresses()[0]), Up: func(int) {}, Settle: func() {}, Pieces: pieces, Limit: 10 * time.Second,
	})
}

// TestAnErrorNamesTheLineThatIsNotFollowed takes the first error, although other peers fail of it.
func TestAnErrorNamesTheLineThatIsNotFollowed(t *testing.T) {
	err := perform(t, `case x
client
  send "a"
  expect "never"
worker first
  accept
  expect "b"
`, nil)
	var where *peers.Error
	if !errors.As(err, &where) || where.Line != 7 || where.Peer != "worker first" {
		t.Fatalf("got %v, want line 7 of worker first", err)
	}
	if got := err.Error(); !strings.HasPrefix(got, "line 7: worker first: ") {
		t.Errorf("got %q, want line and peer in front", got)
	}
	if errors.Unwrap(err) == nil {
		t.Error("got an error without a cause")
	}
}

// TestACaseThatGetsNowhereEndsInTime holds for each way of waiting.
func TestACaseThatGetsNowhereEndsInTime(t *testing.T) {
	for name, script := range map[string]string{
		"for bytes":        "client\n  expect \"x\"\nworker\n  accept\n  expect \"y\"\n",
		"for a head":       "client\n  head HTTP/1.1\nworker\n  accept\n  head GET\n",
		"for a signal":     "client\n  wait a\nworker\n  accept\n  wait b\n",
		"for a connection": "client\n  expect \"x\"\nworker\n  accept\n  accept\n",
		"for time":         "client\n  pass 1h\nworker\n  accept\n",
		"for an end":       "client\n  expect end\nworker\n  accept\n  expect gone\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cases, err := peers.Parse("case x\n" + script)
			if err != nil {
				t.Fatal(err)
			}
			stage, err := cases[0].Set()
			if err != nil {
				t.Fatal(err)
			}
			defer stage.Close()
			start := time.Now()
			err = stage.Play(peers.Staging{
				Front: wire(t, stage.Addresses()[0]), Up: func(int) {}, Settle: func() {}, Limit: 50 * time.Millisecond,
			})
			if err == nil {
				t.Error("got no error")
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("it took %v, want little more than its limit", took)
			}
		})
	}
}

// TestTheStagingIsAskedForWhatThePeersCannotDo counts what a case wants of its surroundings.
func TestTheStagingIsAskedForWhatThePeersCannotDo(t *testing.T) {
	cases, err := peers.Parse(`case x
client
  settle
  wait up
  send "abc"
worker one
  accept
  expect "abc"
worker two
  down
  up
  signal up
`)
	if err != nil {
		t.Fatal(err)
	}
	stage, err := cases[0].Set()
	if err != nil {
		t.Fatal(err)
	}
	defer stage.Close()
	if got := stage.Down(); len(got) != 2 || got[0] || !got[1] {
		t.Errorf("workers that are not ready at first: got %v, want the second", got)
	}
	if got := stage.Addresses(); len(got) != 2 || got[0] == got[1] {
		t.Errorf("addresses: got %v, want two", got)
	}
	var settled, up atomic.Int32
	err = stage.Play(peers.Staging{
		Front: wire(t, stage.Addresses()[0]), Limit: 5 * time.Second,
		Up:     func(worker int) { up.Store(int32(worker) + 100) },
		Settle: func() { settled.Add(1) },
		Pieces: func(_, _ int) int { return 1 },
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := up.Load(); got != 101 {
		t.Errorf("the worker that was made ready: got %d, want the second", got-100)
	}
	if got := settled.Load(); got != 1+2 { // once by its statement, and between three pieces
		t.Errorf("settled: got %d times, want 3", got)
	}
}

// TestNoSocketIsLeftOpen looks whether a worker's address is free once its stage is closed.
func TestNoSocketIsLeftOpen(t *testing.T) {
	const script = "case x\nclient\n  send \"x\"\nworker\n  accept\n  expect \"x\"\n"
	cases, err := peers.Parse(script)
	if err != nil {
		t.Fatal(err)
	}
	stage, err := cases[0].Set()
	if err != nil {
		t.Fatal(err)
	}
	address := stage.Addresses()[0]
	stage.Close()
	err = stage.Play(peers.Staging{Front: address, Up: func(int) {}, Settle: func() {}, Limit: time.Second})
	if err == nil {
		t.Error("a stage that is closed: got no error, want nothing that accepts")
	}
}
