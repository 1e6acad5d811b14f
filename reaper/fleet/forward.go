package fleet

import (
	"syscall"

	"percore/reaper"
)

// Forward hands a signal to the process group of every worker that runs, percore's own programs excepted. It is safe from
// any goroutine and does not wait.
func (f *Fleet) Forward(sig syscall.Signal) {
	f.mail.post(func() {
		for _, w := range f.workers {
			if w.alive() && !w.program.Internal {
				f.signal(w, sig)
			}
		}
		f.log.Info("signal forwarded", "signal", reaper.SignalName(sig))
	})
}

// rewritten is the signal that a worker gets for sig; 0 is none. SIGKILL, by which percore gets its way, stays itself.
func (p *Program) rewritten(sig syscall.Signal) syscall.Signal {
	if to, ok := p.SignalMap[sig]; ok && sig != syscall.SIGKILL {
		return to
	}
	return sig
}
