package peers_test

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"percore/lbproxy/internal/peers"
)

// wire passes bytes, FINs and resets between one client and one worker, in place of a front door.
func wire(t *testing.T, worker string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			u, err := net.Dial("tcp", worker)
			if err != nil {
				c.Close()
				return
			}
			go pass(c.(*net.TCPConn), u.(*net.TCPConn))
			go pass(u.(*net.TCPConn), c.(*net.TCPConn))
		}
	}()
	return l.Addr().String()
}

func pass(from, to *net.TCPConn) {
	if _, err := io.Copy(to, from); err != nil {
		_ = to.SetLinger(0)
		to.Close()
		from.Close()
		return
	}
	_ = to.CloseWrite()
}

// play performs a script that is the only case of its file.
func play(t *testing.T, script string, pieces func(int, int) int) error {
	t.Helper()
	return perform(t, "case x\n"+script, pieces)
}

const request = `
client
  send
    | POST /x HTTP/1.1
    | Content-Length: 2
    |
  send "hi"
`

// Each of these holds as it is written, and does not hold when the bytes or the expectation are others.
func TestExpectations(t *testing.T) {
	const chunked = `"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"`
	tests := []struct{ name, script, want string }{
		{"bytes that come", request + "worker\naccept\nexpect \"POST /x\"\n", ""},
		{"bytes that do not come", request + "worker\naccept\nexpect \"GET /x\"\n", `got "POST /", want "GET /x"`},
		{"a head that starts so", request + "worker\naccept\nhead POST /x HTTP/1.1\n", ""},
		{"a head that does not", request + "worker\naccept\nhead PUT\n", `want a head that starts with "PUT"`},
		{"a field that is there", request + "worker\naccept\nhead POST\nfield content-length: 2\n", ""},
		{"a field that is not", request + "worker\naccept\nhead POST\nfield Host: x\n", `got []`},
		{"a field with another value", request + "worker\naccept\nhead POST\nfield Content-Length: 3\n", `got ["2"]`},
		{"a field that must not be there", request + "worker\naccept\nhead POST\nno field Content-Length\n", "want no such field"},
		{"a body with a length", request + "worker\naccept\nhead POST\nbody \"hi\"\n", ""},
		{"another body", request + "worker\naccept\nhead POST\nbody \"ho\"\n", `got "hi", want "ho"`},
		{"a chunked body", "client\nhead HTTP/1.1 200\nbody \"hi\"\nworker\naccept\nsend " + chunked + "\n", ""},
		{"a chunked body that breaks off", "client\nhead HTTP/1.1 200\nbroken body\nworker\naccept\nsend " + chunked[:len(chunked)-5] + "\"\nclose\n", ""},
		{"one that should break off", "client\nhead HTTP/1.1 200\nbroken body\nworker\naccept\nsend " + chunked + "\n", "want a body that breaks off"},
		{"a body until the end", "client\nhead HTTP/1.1 200\nany body\nworker\naccept\nsend \"HTTP/1.1 200 OK\\r\\n\\r\\nhi\"\n", ""},
		{"a bare LF in a head", "client\nhead HTTP/1.1 200\nworker\naccept\nsend \"HTTP/1.1 200 OK\\n\"\n", "without CR"},
		{"a FIN", "client\nexpect end\nworker\naccept\nfinish\nexpect end\n", ""},
		{"a FIN that is a reset", "client\nsend \"1\"\nexpect end\nworker\naccept\nexpect \"1\"\nreset\n", "want a FIN"},
		{"a reset", "client\nsend \"1\"\nexpect reset\nworker\naccept\nexpect \"1\"\nreset\n", ""},
		{"either", "client\nsend \"1\"\nexpect gone\nworker\naccept\nexpect \"1\"\nreset\n", ""},
		{"a byte instead of the end", "client\nexpect gone\nworker\naccept\nsend \"x\"\n", `got "x", want the end`},
		{"nothing", "client\nexpect nothing\nsignal a\nworker\naccept\nwait a\n", ""},
		{"something instead of nothing", "client\nwait a\nexpect nothing\nworker\naccept\nsend \"x\"\nsignal a\nexpect end\n", "want nothing to read"},
		{"no connection where there is one", request + "settle\nworker\nno connection\n", "want none"},
		{"bytes that never come", "client\nfinish\nexpect end\nworker\naccept\nexpect \"x\"\n", `want "x"`},
		{"a fill", "client\nsend fill 100000\nfinish\nexpect end\nworker\nbuffers 4096\naccept\nexpect fill 100000\nexpect end\n", ""},
		{"a second connection", "client\nfinish\nexpect end\nconnect\nsend \"2\"\nworker\naccept\nexpect end\nclose\naccept\nexpect \"2\"\n", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := play(t, test.script, nil)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			var where *peers.Error
			if err != nil && (!errors.As(err, &where) || where.Line == 0 || where.Peer == "") {
				t.Errorf("got %v, want the line and the peer", err)
			}
		})
	}
}

func TestBytesAreSentInThePiecesThatTheStagingAsksFor(t *testing.T) {
	var offsets []int
	script := request + "worker\naccept\nhead POST\nbody \"hi\"\n"
	if err := play(t, script, func(offset, n int) int { offsets = append(offsets, offset); return 1 }); err != nil {
		t.Fatal(err)
	}
	for i, got := range offsets {
		if got != i {
			t.Fatalf("offsets: got %v, want each byte of the case in turn", offsets)
		}
	}
}
