package fleet

// overdue says that the worker's time to become ready is over, and why it is not ready as far as that is known.
func (f *Fleet) overdue(w *worker) {
	w.unreadiness = w.program.Ready.Explain(w.lastFailure.Get(), w.address())
	f.log.Warn("worker is not ready in time", "process", w.title, "pid", w.pid(), "reason", w.unreadiness,
		"ready_timeout", w.program.ReadyTimeout, "next", "kill")
}
