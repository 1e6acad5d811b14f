// Package peers plays byte-exact clients and workers around a front door, from scripts that read like a conversation.
//
// A file holds cases; a case holds peers that run at the same time, each line after line:
//
//	case A GET on a kept connection that the worker closes is repeated on a fresh one
//	proxy NextUpstream=false
//	client
//	  send
//	    | GET / HTTP/1.1
//	    | Host: x
//	    |
//	  head HTTP/1.1 200 OK
//	  body "ok"
//	worker
//	  accept
//	  head GET / HTTP/1.1
//	  field X-Real-IP: 127.0.0.1
//	  send "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
//	log 200
//
// A line that starts with # is a comment. Bytes are written as Go strings, or as lines after |, each of which ends
// with CR LF, or as `fill N` for N bytes of a pattern. The statements are:
//
//	buffers N         first of all: the size of the socket's buffers in bytes, before connect or listen
//	connect           client: open another connection (the first is open from the start)
//	down              worker, first of all: the front door does not know it yet
//	up                worker: now it does
//	accept            worker: wait for the next connection
//	no connection     worker: no connection is waiting to be accepted
//	send BYTES        write them, in as many pieces as the player is told to
//	expect BYTES      the next bytes are exactly these
//	head PREFIX       a whole head comes next, and its first line starts so
//	field NAME: VALUE that head has exactly one such field, with this value
//	no field NAME     that head has no such field
//	body BYTES        the body of that head's message comes next, whole, by whatever framing, and is this
//	any body          the body of that head's message comes next, whole, whatever it is
//	broken body       the body of that head's message starts, and then ends without its proper end
//	expect end        a FIN comes next
//	expect reset      a RST comes next
//	expect gone       a FIN or a RST comes next
//	expect nothing    nothing is there to read, once the front door has settled
//	finish            send a FIN and keep reading
//	close             close; with unread bytes the kernel makes a RST of it
//	reset             send a RST
//	settle            let the front door handle all that has arrived
//	pass DURATION     let at least so much time pass
//	signal NAME       let a peer that waits for NAME go on
//	wait NAME         wait for that
//
// `proxy` lines set options of the front door by their Go names; `log` lists the statuses that the access log is to
// have, in any order; `whole` says that the bytes of the case must not be sent in other pieces than it says. The
// workers' order is that of their slots.
package peers

import "fmt"

// Case is one conversation.
type Case struct {
	Name    string            // a sentence
	Line    int               // of the file
	Options map[string]string // for the front door
	Log     []string          // statuses in the access log; nil when the case says nothing about it
	Whole   bool              // sends may not be cut up
	Bytes   int               // how many bytes all `send` lines have together, without fills
	peers   []*peer
}

// peer is one participant and what it does.
type peer struct {
	name    string
	worker  bool
	buffers int  // bytes; 0 leaves them to the kernel
	down    bool // worker: at first
	steps   []step
}

// step is one statement.
type step struct {
	line   int
	verb   verb
	word   string // what stands behind the verb, where that is no bytes
	bytes  []byte
	offset int // send: where its bytes start among those of the whole case; -1 for a fill
}

// Error says which line of a script is wrong, or was not followed.
type Error struct {
	Line int
	Peer string // empty for an error of the script itself
	Err  error
}

// Error implements error.
func (e *Error) Error() string {
	if e.Peer == "" {
		return fmt.Sprintf("line %d: %v", e.Line, e.Err)
	}
	return fmt.Sprintf("line %d: %s: %v", e.Line, e.Peer, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
