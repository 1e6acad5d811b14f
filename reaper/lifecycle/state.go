package lifecycle

// State is where a worker is. The names are supervisord's, and so are the words String gives.
type State uint8

// The states of a worker. StateDraining is RUNNING on the way to STOPPING: the process has requests to
// answer first. Users see it as STOPPING. Zero is no state.
const (
	_             State = iota
	StateStopped        // no process and none wanted
	StateStarting       // a process that is not ready yet
	StateRunning        // a process that is ready
	StateBackoff        // no process; the next start waits for its time
	StateDraining       // a process that is to be stopped when its last request is done
	StateStopping       // a process that was told to stop
	StateExited         // ended, and by AUTORESTART not to be started again
	StateFatal          // given up
	states              // one more than the last
)

// String is supervisord's name for the state, as its status command prints it.
func (s State) String() string {
	switch s {
	case StateStopped:
		return "STOPPED"
	case StateStarting:
		return "STARTING"
	case StateRunning:
		return "RUNNING"
	case StateBackoff:
		return "BACKOFF"
	case StateDraining, StateStopping:
		return "STOPPING"
	case StateExited:
		return "EXITED"
	case StateFatal:
		return "FATAL"
	default:
		return "UNKNOWN"
	}
}

// IsRunning reports whether there is a process, or will be one by itself; supervisord's RUNNING_STATES.
func (s State) IsRunning() bool {
	return s == StateStarting || s == StateRunning || s == StateBackoff
}

// HasProcess reports whether there is a process, which can be sent a signal; supervisord's SIGNALLABLE_STATES.
func (s State) HasProcess() bool {
	return s == StateStarting || s == StateRunning || s == StateDraining || s == StateStopping
}

// IsFinal reports whether nothing will happen to a worker in this state by itself.
func (s State) IsFinal() bool {
	switch s {
	case StateStopped, StateExited, StateFatal:
		return true
	case StateStarting, StateRunning, StateBackoff, StateDraining, StateStopping:
		return false
	default:
		return false
	}
}
