package lbproxy

import (
	"golang.org/x/sys/unix"

	"crooked/lbproxy/epoll"
	"crooked/lbproxy/socket"
)

// Answer breaks one rule in four ways. Methods may be called like the system calls.
func (l *loop) Answer(errno unix.Errno) bool {
	return l.send() &&
		errno == unix.EAGAIN &&
		l.flags&epoll.In != 0 &&
		socket.Send() == 0
}
