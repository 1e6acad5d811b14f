package fleet

import "syscall"

// KillHung kills a process of percore's own, named as Status has it, that does not answer any more. A new one follows as after any
// death. It is safe from any goroutine and is ignored about another incarnation.
func (f *Fleet) KillHung(process string, incarnation uint64) {
	f.mail.post(func() {
		for _, w := range f.workers {
			if w.title == process && w.incarnation == incarnation && w.alive() {
				f.log.Warn("degraded", "reason", process+" does not answer; it is killed and started anew", "process", process, "pid", w.process.PID())
				w.killed = f.signal(w, syscall.SIGKILL) || w.killed
			}
		}
	})
}
