package fleet

// State is where a worker is. The names are supervisord's, and so are the words String gives.
type State uint8

// The states of a worker. draining is RUNNING on the way to STOPPING: the process has requests to
// answer first. Users see it as STOPPING. Zero is no state.
const (
	_             State = iota
	StateStopped        // no process and none wanted
	StateStarting       // a process that is not ready yet
	StateRunning        // a process that is ready
	StateBackoff        // no process; the next start waits for its time
	draining            // a process that is to be stopped when its last request is done
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
	case draining, StateStopping:
		return "STOPPING"
	case StateExited:
		return "EXITED"
	case StateFatal:
		return "FATAL"
	default:
		return "UNKNOWN"
	}
}

// final says whether nothing will happen to a worker in this state by itself.
func (s State) final() bool {
	switch s {
	case StateStopped, StateExited, StateFatal:
		return true
	case StateStarting, StateRunning, StateBackoff, draining, StateStopping:
		return false
	default:
		return false
	}
}

// EndpointState is what the front door may do with a worker.
type EndpointState uint8

// The states of an endpoint.
const (
	Down     EndpointState = iota // do not connect
	Up                            // choose it
	Draining                      // finish what it has, choose it no more
)

// String is the word for logs.
func (s EndpointState) String() string {
	switch s {
	case Down:
		return "down"
	case Up:
		return "up"
	case Draining:
		return "draining"
	default:
		return "unknown"
	}
}
