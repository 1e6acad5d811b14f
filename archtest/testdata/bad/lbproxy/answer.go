package lbproxy

import (
	"golang.org/x/sys/unix"

	"crooked/lbproxy/epoll"
	"crooked/lbproxy/socket"
)

// Answer breaks one rule in several ways. Methods may be called like the system calls.
func (l *loop) Answer(errno unix.Errno) bool {
	return l.send() &&
		errno == unix.EAGAIN &&
		l.facts&epoll.In != 0 &&
		l.knows(factReadable) &&
		socket.Send(l.fd) == 0
}

// Hear breaks the same rule by what the transport has and does.
func (l *loop) Hear(c *conn) {
	l.poller.Wake()
	c.noteEvent(0)
}

// Tell breaks a rule by the writer's bytes, whatever the writer is called. A request's own are allowed.
func (x *exchange) Tell() {
	x.writer.unsent.Add(nil)
	w := &x.writer
	w.unsent.Add(nil)
	x.request.unsent.Add(nil)
}
