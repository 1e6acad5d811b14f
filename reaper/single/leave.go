package single

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"percore/reaper/catch"
	"percore/reaper/tree"
)

// killedWait is how long the killed get to be gone: the kernel takes milliseconds, unless it holds on to a process
// (state D).
const killedWait = time.Second

// waitForOthers asks what the child has left behind to stop, waits for it within what is left of StopTimeout, and
// kills and names the rest. The time counts from the first signal that meant to stop, as far as that is recent, since
// its sender will not wait longer.
func (r *runner) waitForOthers() {
	if !r.reapOthers() {
		return
	}
	deadline := r.leaving(time.Now()).Add(r.StopTimeout)
	root := os.Getpid()
	tree.Signal(root, syscall.SIGTERM, r.complain)
	tree.Signal(root, syscall.SIGCONT, r.complain) // one that is stopped could not even end
	pass := func(sig catch.Signal) {
		if to := r.rewritten(sig.Number); to != 0 {
			tree.Signal(root, to, r.complain)
		}
	}
	if !r.waitUntil(deadline, pass) {
		return
	}
	var names []string
	for _, p := range tree.Descendants(root) {
		names = append(names, fmt.Sprintf("%s (pid %d)", p.Name, p.PID))
	}
	if len(names) == 0 {
		names = []string{"what no /proc shows"}
	}
	fmt.Fprintf(r.Stderr, "percore: killed after %v: %s\n", r.StopTimeout, strings.Join(names, ", "))
	tree.Signal(root, syscall.SIGKILL, r.complain)
	r.waitUntil(time.Now().Add(killedWait), func(catch.Signal) {})
}

// leaving is when the stop began that is under way now. A signal longer ago than StopTimeout was none, or its sender
// waits longer than we know: a JVM takes QUIT for the wish to see its threads.
func (r *runner) leaving(now time.Time) time.Time {
	if now.Sub(r.left) > r.StopTimeout {
		return now
	}
	return r.left
}

// waitUntil waits until all others have ended, or until the deadline. It reports whether some are left.
func (r *runner) waitUntil(deadline time.Time, other func(catch.Signal)) (left bool) {
	for r.reapOthers() {
		sig, inTime, err := r.signals.Next(deadline)
		if err != nil || !inTime {
			return true
		}
		if !sig.OfChild() && !sig.Own() {
			other(sig)
		}
	}
	return false
}

// reapOthers takes every status that the kernel has and reports whether a child is left that lives.
func (r *runner) reapOthers() bool {
	for {
		pid, err := wait(nil, syscall.WNOHANG)
		switch {
		case err == syscall.EINTR:
		case err != nil: // ECHILD
			return false
		case pid == 0:
			return true
		}
	}
}
