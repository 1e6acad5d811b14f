package reaper

import (
	"strconv"
	"syscall"
)

// sigrtmin is the kernel's first real-time signal (man 7 signal); libc hides two or three of them.
const sigrtmin = 32

// SignalName is the signal's name as man 7 signal writes it, such as "SIGTERM"; "signal 40" for the
// real-time ones, whose names differ from one libc to the next.
func SignalName(sig syscall.Signal) string {
	names := [sigrtmin]string{
		1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS",
		8: "SIGFPE", 9: "SIGKILL", 10: "SIGUSR1", 11: "SIGSEGV", 12: "SIGUSR2", 13: "SIGPIPE",
		14: "SIGALRM", 15: "SIGTERM", 16: "SIGSTKFLT", 17: "SIGCHLD", 18: "SIGCONT", 19: "SIGSTOP",
		20: "SIGTSTP", 21: "SIGTTIN", 22: "SIGTTOU", 23: "SIGURG", 24: "SIGXCPU", 25: "SIGXFSZ",
		26: "SIGVTALRM", 27: "SIGPROF", 28: "SIGWINCH", 29: "SIGIO", 30: "SIGPWR", 31: "SIGSYS",
	}
	if sig > 0 && int(sig) < len(names) {
		return names[sig]
	}
	return "signal " + strconv.Itoa(int(sig))
}
