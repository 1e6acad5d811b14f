// Package control is how people and scripts talk to PID 1: a unix socket, and a small protocol on it.
//
// A client sends one Request, a line of JSON, and gets Frames, a line of JSON each, of which the last is Done and
// carries the exit code of a command line. PID 1 serves only root and its own user, by the kernel's word (man 7
// unix, SO_PEERCRED), to a bounded number of clients with bounded requests in bounded time: a client that is silent,
// slow or talks nonsense costs PID 1 a descriptor and a goroutine until its time is over, and no other client waits
// for it.
//
// Begin with message.go, which has what is said; server.go serves, listen.go and place.go have the socket and where
// it is, client.go finds it and asks.
//
// Package ctl is the command line of the client, package handler what PID 1 answers.
package control
