package entry

import "unsafe"

// The entry's notes, written before the runtime starts and never again, except overflow.
var (
	active  bool           // whether the entry has done its work for mode init
	guarded bool           // whether it has caught TERM and its like for another role
	mask    uint64         // the mask that was inherited
	ignored uint64         // the signals that were inherited as ignored
	closed  uint64         // bit n: descriptor n, of 0 to 2, was closed
	stack   unsafe.Pointer // argc, argv and the environment, as the kernel laid them out (man 2 execve)
	readEnd int64          // of the pipe
	//lint:ignore U1000 the handler reads it, in assembly
	writeEnd int64  // of the pipe
	overflow uint64 // bit n-1: signal n came while the pipe was full

	runtimeHandler uintptr // where a fault of our own goes
	//lint:ignore U1000 the handler writes it, in assembly
	lookAgain [RecordBytes]byte // a record of no signal
)

// Inherited is what the process was started with. In the sets of signals, bit n-1 is signal n, as in /proc/PID/status.
type Inherited struct {
	Mask    uint64   // blocked signals
	Ignored uint64   // ignored signals
	Closed  [3]bool  // descriptors 0, 1 and 2 that were not open
	Environ []string // every entry as it was, in order, those without a = and those named twice included
}

// ShimName is argv[0] of percore as the shim between fork and exec (package single). There the entry catches nothing
// and the runtime installs nothing: until the exec, a signal does what it would do to the command before its first
// instruction.
const ShimName = "percore-shim"

// Guarded reports whether HUP, INT, QUIT and TERM, and no other signals, have been the entry's since the first
// instruction: the process is not in mode init.
func Guarded() bool { return guarded }

// GuardedEnd gives the read end of the pipe into which the guarded signals go, for as long as the process lives.
// Reading does not block. Each record is the first RecordBytes of a siginfo_t.
func GuardedEnd() int { return int(readEnd) }

// Active reports whether signals have been the entry's since the first instruction: the process is in mode init by
// its first word or by PERCORE_MODE.
func Active() bool { return active }

// Read gives what was inherited; false means that the entry has not looked.
func Read() (Inherited, bool) {
	if !active {
		return Inherited{}, false
	}
	in := Inherited{Mask: mask, Ignored: ignored, Environ: environ(stack)}
	for fd := range in.Closed {
		in.Closed[fd] = closed&(1<<fd) != 0
	}
	return in, true
}

// environ copies the environment off the kernel's initial stack: argc, argv, nil, envp, nil.
func environ(at unsafe.Pointer) []string {
	const word = unsafe.Sizeof(uintptr(0))
	argc := *(*uintptr)(at)
	var list []string
	for p := unsafe.Add(at, (argc+2)*word); ; p = unsafe.Add(p, word) {
		text := *(**byte)(p)
		if text == nil {
			return list
		}
		list = append(list, string(unsafe.Slice(text, length(text))))
	}
}

// length is strlen(3).
func length(text *byte) int {
	n := 0
	for *(*byte)(unsafe.Add(unsafe.Pointer(text), n)) != 0 {
		n++
	}
	return n
}
