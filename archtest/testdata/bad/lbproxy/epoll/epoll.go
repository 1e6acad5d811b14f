// Package epoll may poll.
package epoll

import "syscall"

// Wait is allowed.
func Wait() { _, _ = syscall.EpollWait(-1, nil, 0) }
