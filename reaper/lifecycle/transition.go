package lifecycle

// Event is something that happened to a worker, already judged: whether a death was a failure, and whether it
// was one too many, is decided by a Policy.
type Event uint8

// The events.
const (
	EventStart      Event = iota // it is wanted and may start
	EventReady                   // the readiness probe succeeded
	EventOverdue                 // not ready within ReadyTimeout
	EventLost                    // died after a stable life
	EventFailed                  // a failed start: not spawned for a passing reason, or died too early
	EventExhausted               // a failed start beyond StartRetries, and no sibling serves
	EventFinished                // died, and Autorestart says that this was it
	EventUnrunnable              // can never be spawned: no such command, no permission
	EventRetry                   // the back-off is over
	EventRevived                 // a sibling serves, so it is not to be given up
	EventDrain                   // stop it as soon as its requests are done; the front door knows which are the last
	EventRetire                  // the same, and it gets no more of them
	EventDrained                 // the front door says that they are
	EventStop                    // stop it now, politely
	EventExpired                 // its requests took longer than DrainTimeout, or its stop longer than StopWaitSecs
	EventKill                    // stop it now
	events                       // how many there are
)

// String is the event as docs/states.md has it.
func (e Event) String() string {
	return [events]string{
		"start", "ready", "overdue", "lost", "failed", "exhausted", "finished", "unrunnable", "retry", "revived",
		"drain", "retire", "drained", "stop", "expired", "kill",
	}[e]
}

// Action is what the fleet does on the way from one state to the next.
type Action uint8

// The actions.
const (
	DoSpawn     Action = iota // start a new incarnation, its probe and the ReadyTimeout
	DoServe                   // it is ready: give it traffic
	DoDefer                   // arm the back-off
	DoWithdraw                // take its traffic away, arm DrainTimeout; EventDrained follows where its requests are done already
	DoTerminate               // send StopSignal to the group, arm StopWaitSecs
	DoKill                    // send SIGKILL to the group
	DoRest                    // disarm the back-off
	actions                   // how many there are
)

// String is the action as docs/states.md has it.
func (a Action) String() string {
	return [actions]string{"spawn", "serve", "defer", "withdraw", "terminate", "kill", "rest"}[a]
}

// cell is what follows from one event in one state.
type cell struct {
	next State
	do   []Action
}

// transitions is the whole behaviour of a worker. It is never written to. An event without a cell changes
// nothing: it came late, as a probe's success does after the worker was told to stop.
var transitions = [states][events]cell{
	StateStopped: {
		EventStart: {StateStarting, []Action{DoSpawn}},
	},
	StateStarting: {
		EventReady:      {StateRunning, []Action{DoServe}},
		EventOverdue:    {StateStarting, []Action{DoKill}}, // its death is then a failed start
		EventLost:       {StateStarting, []Action{DoSpawn}},
		EventFailed:     {StateBackoff, []Action{DoDefer}},
		EventExhausted:  {StateFatal, nil},
		EventFinished:   {StateExited, nil},
		EventUnrunnable: {StateFatal, nil},
		EventDrain:      {StateStopping, []Action{DoTerminate}}, // it never had a request
		EventRetire:     {StateStopping, []Action{DoTerminate}},
		EventStop:       {StateStopping, []Action{DoTerminate}},
		EventKill:       {StateStopping, []Action{DoKill}},
	},
	StateRunning: {
		EventLost:      {StateStarting, []Action{DoSpawn}},
		EventFailed:    {StateBackoff, []Action{DoDefer}},
		EventExhausted: {StateFatal, nil},
		EventFinished:  {StateExited, nil},
		EventDrain:     {StateDraining, nil},
		EventRetire:    {StateDraining, []Action{DoWithdraw}},
		EventStop:      {StateStopping, []Action{DoTerminate}},
		EventKill:      {StateStopping, []Action{DoKill}},
	},
	StateBackoff: {
		EventExhausted: {StateFatal, []Action{DoRest}}, // it waited for another one, which was tried in vain
		EventRetry:     {StateStarting, []Action{DoSpawn}},
		EventDrain:     {StateStopped, []Action{DoRest}},
		EventRetire:    {StateStopped, []Action{DoRest}},
		EventStop:      {StateStopped, []Action{DoRest}},
		EventKill:      {StateStopped, []Action{DoRest}},
	},
	StateDraining: {
		EventLost:      {StateStopped, nil},
		EventFailed:    {StateStopped, nil},
		EventExhausted: {StateStopped, nil},
		EventFinished:  {StateStopped, nil},
		EventDrained:   {StateStopping, []Action{DoTerminate}},
		EventExpired:   {StateStopping, []Action{DoTerminate}},
		EventStop:      {StateStopping, []Action{DoTerminate}},
		EventKill:      {StateStopping, []Action{DoKill}},
	},
	StateStopping: {
		EventLost:      {StateStopped, nil},
		EventFailed:    {StateStopped, nil},
		EventExhausted: {StateStopped, nil},
		EventFinished:  {StateStopped, nil},
		EventExpired:   {StateStopping, []Action{DoKill}},
		EventKill:      {StateStopping, []Action{DoKill}},
	},
	StateExited: {
		EventStart: {StateStarting, []Action{DoSpawn}},
	},
	StateFatal: {
		EventRevived: {StateBackoff, []Action{DoDefer}},
		EventStart:   {StateStarting, []Action{DoSpawn}},
	},
}

// Next is the transition table as a function.
func Next(s State, e Event) (State, []Action) {
	c := transitions[s][e]
	if c.next == 0 {
		return s, nil
	}
	return c.next, c.do
}
