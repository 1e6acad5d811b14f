package fleet

import "time"

// WorkerStatus is one worker at one moment.
type WorkerStatus struct {
	Process     string // GROUP:NAME-PORT
	State       string // supervisord's word
	Ready       bool
	PID         int       // 0 when there is no process
	Started     time.Time // of the process; zero when there is none
	Port        int       // 0 is none
	Incarnation uint64
	Restarts    uint64 // processes so far, without the first
	LastExit    string // how the last process ended, in words; empty when none has
	LastCode    int    // its exit code, 128+n for signal n
	LastAt      time.Time
}

// Uptime is how long the process has run by now; 0 when there is none.
func (s WorkerStatus) Uptime(now time.Time) time.Duration {
	if s.Started.IsZero() {
		return 0
	}
	return now.Sub(s.Started)
}

// Status is a snapshot of all workers in the order of their start, as of the last event. It never waits, and
// is safe from any goroutine before, while and after Run. The slice is the caller's to read, not to change.
func (f *Fleet) Status() []WorkerStatus { return *f.status.Load() }

func (f *Fleet) snapshot() {
	list := make([]WorkerStatus, 0, len(f.workers))
	for _, w := range f.workers {
		list = append(list, w.status())
	}
	f.status.Store(&list)
}

func (w *worker) status() WorkerStatus {
	s := WorkerStatus{
		Process: w.title, State: w.state.String(), Ready: w.ready, Port: w.port, Incarnation: w.incarnation,
		Restarts: max(w.starts, 1) - 1, LastExit: w.last.reason, LastCode: w.last.code, LastAt: w.last.at,
	}
	if w.alive() {
		s.PID, s.Started = w.process.PID(), w.started
	}
	return s
}
