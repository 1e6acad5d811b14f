package fleet

// event is something that happened to a worker, already judged: whether a death was a failure, and whether it
// was one too many, is decided in judge.go.
type event uint8

const (
	evStart      event = iota // it is wanted and may start
	evReady                   // the readiness probe succeeded
	evOverdue                 // not ready within ReadyTimeout
	evLost                    // died after a stable life
	evFailed                  // a failed start: not spawned for a passing reason, or died too early
	evExhausted               // a failed start beyond StartRetries, and no sibling serves
	evFinished                // died, and Autorestart says that this was it
	evUnrunnable              // can never be spawned: no such command, no permission
	evRetry                   // the back-off is over
	evRevived                 // a sibling serves, so it is not to be given up
	evDrain                   // stop it as soon as its requests are done; the front door knows which are the last
	evRetire                  // the same, and it gets no more of them
	evDrained                 // the front door says that they are
	evStop                    // stop it now, politely
	evExpired                 // its requests took longer than DrainTimeout, or its stop longer than StopWaitSecs
	evKill                    // stop it now
	events                    // how many there are
)

// String is the event as docs/states.md has it.
func (e event) String() string {
	return [events]string{
		"start", "ready", "overdue", "lost", "failed", "exhausted", "finished", "unrunnable", "retry", "revived",
		"drain", "retire", "drained", "stop", "expired", "kill",
	}[e]
}

// action is what the fleet does on the way from one state to the next.
type action uint8

const (
	doSpawn     action = iota // start a new incarnation, its probe and the ReadyTimeout
	doServe                   // it is ready: give it traffic
	doDefer                   // arm the back-off
	doWithdraw                // take its traffic away, arm DrainTimeout; evDrained follows where its requests are done already
	doTerminate               // send StopSignal to the group, arm StopWaitSecs
	doKill                    // send SIGKILL to the group
	doRest                    // disarm the back-off
	actions                   // how many there are
)

// String is the action as docs/states.md has it.
func (a action) String() string {
	return [actions]string{"spawn", "serve", "defer", "withdraw", "terminate", "kill", "rest"}[a]
}

// cell is what follows from one event in one state.
type cell struct {
	next State
	do   []action
}

// transitions is the whole behaviour of a worker. It is never written to. An event without a cell changes
// nothing: it came late, as a probe's success does after the worker was told to stop.
var transitions = [states][events]cell{
	StateStopped: {
		evStart: {StateStarting, []action{doSpawn}},
	},
	StateStarting: {
		evReady:      {StateRunning, []action{doServe}},
		evOverdue:    {StateStarting, []action{doKill}}, // its death is then a failed start
		evLost:       {StateStarting, []action{doSpawn}},
		evFailed:     {StateBackoff, []action{doDefer}},
		evExhausted:  {StateFatal, nil},
		evFinished:   {StateExited, nil},
		evUnrunnable: {StateFatal, nil},
		evDrain:      {StateStopping, []action{doTerminate}}, // it never had a request
		evRetire:     {StateStopping, []action{doTerminate}},
		evStop:       {StateStopping, []action{doTerminate}},
		evKill:       {StateStopping, []action{doKill}},
	},
	StateRunning: {
		evLost:      {StateStarting, []action{doSpawn}},
		evFailed:    {StateBackoff, []action{doDefer}},
		evExhausted: {StateFatal, nil},
		evFinished:  {StateExited, nil},
		evDrain:     {draining, nil},
		evRetire:    {draining, []action{doWithdraw}},
		evStop:      {StateStopping, []action{doTerminate}},
		evKill:      {StateStopping, []action{doKill}},
	},
	StateBackoff: {
		evExhausted: {StateFatal, []action{doRest}}, // it waited for another one, which was tried in vain
		evRetry:     {StateStarting, []action{doSpawn}},
		evDrain:     {StateStopped, []action{doRest}},
		evRetire:    {StateStopped, []action{doRest}},
		evStop:      {StateStopped, []action{doRest}},
		evKill:      {StateStopped, []action{doRest}},
	},
	draining: {
		evLost:      {StateStopped, nil},
		evFailed:    {StateStopped, nil},
		evExhausted: {StateStopped, nil},
		evFinished:  {StateStopped, nil},
		evDrained:   {StateStopping, []action{doTerminate}},
		evExpired:   {StateStopping, []action{doTerminate}},
		evStop:      {StateStopping, []action{doTerminate}},
		evKill:      {StateStopping, []action{doKill}},
	},
	StateStopping: {
		evLost:      {StateStopped, nil},
		evFailed:    {StateStopped, nil},
		evExhausted: {StateStopped, nil},
		evFinished:  {StateStopped, nil},
		evExpired:   {StateStopping, []action{doKill}},
		evKill:      {StateStopping, []action{doKill}},
	},
	StateExited: {
		evStart: {StateStarting, []action{doSpawn}},
	},
	StateFatal: {
		evRevived: {StateBackoff, []action{doDefer}},
		evStart:   {StateStarting, []action{doSpawn}},
	},
}

// next is the transition table as a function.
func next(s State, e event) (State, []action) {
	c := transitions[s][e]
	if c.next == 0 {
		return s, nil
	}
	return c.next, c.do
}
