// Package entry catches signals from the first instruction on and notes what a process inherits, before the Go
// runtime can change either. Mode init needs both: the child must find the world as percore found it, and no signal
// may be lost. Every other role needs that TERM, INT, QUIT and HUP are neither lost nor the end of it: those four are
// caught there, and nothing else is touched.
//
// The runtime installs its handlers before any Go code of ours runs. What was inherited as ignored is forgotten by
// then, as are descriptors 0 to 2 that were closed (they have become /dev/null); and a TERM that arrives before a
// package of ours is initialised ends PID 1 with code 2. Nor is os/signal a base for passing signals on: it keeps one
// bit for each, so most of 50 equal real-time signals are lost; SIGPROF never gets there; and SIGURG from outside
// cannot be told from the runtime's own.
//
// So there is some assembly. The linker's entry symbol is ours. In mode init it notes what was inherited, makes a
// pipe, gives every signal a handler that writes the first bytes of its siginfo_t into that pipe and knows nothing of
// Go, and goes on to the runtime's entry. Blocking the signals instead is not enough: the runtime unblocks TERM and
// others in each thread. It leaves our handlers alone because it installs its own through a hook that it has for the
// sanitizers of cgo, and we set that hook: it is told that it has what it wants. Faults of our own code go on to its
// handler; those that are sent by kill do not. Where only four signals are ours, the hook says EINVAL for the others,
// upon which the runtime makes the system call itself. (CGO_ENABLED=0: nothing else wants the hook.)
//
// The entry symbol is marked as a duplicate that may win, so that a plain go build has it. Where it has lost, under
// the race detector and whenever else an external linker is at work, Active is false and CatchAll installs the
// handlers later. Then package early subscribes as soon as Go lets it.
//
// Begin with entry.go, then entry_amd64.s. The pipe and what was inherited are the process's, written before any
// goroutine runs and only read after that.
//
// Floors, top first:
//
//   - action, entry
//   - handler, handler_amd64, handler_arm64, handler_other
package entry
