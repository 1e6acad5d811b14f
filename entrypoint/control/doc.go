// Package control is how people and scripts talk to PID 1: a unix socket, and a small protocol on it.
//
// A client sends one Request, a line of JSON, and gets Frames, a line of JSON each, of which the last is Done and
// carries the exit code of a command line. PID 1 serves only root and its own user, by the kernel's word (man 7 unix,
// SO_PEERCRED), to a bounded number of clients with bounded requests in bounded time: whoever is silent, slow or
// talks nonsense costs it a descriptor and a goroutine until their time is over, and nobody else waits for them.
//
// Package ctl is the command line of the client, package handler what PID 1 answers.
package control
