package control

// Fault is why something was not done to a process; the words are supervisorctl's, which prints them in brackets.
type Fault string

// The faults.
const (
	NoSuchProcess  Fault = "no such process"
	NoSuchGroup    Fault = "no such group"
	NoSuchFile     Fault = "no such file"
	NotExecutable  Fault = "file is not executable"
	AlreadyStarted Fault = "already started"
	SpawnError     Fault = "spawn error"
	Abnormal       Fault = "abnormal termination"
	NotRunning     Fault = "not running"
	BadSignal      Fault = "bad signal name"
	NoSuchName     Fault = "no such process name" // of tail
	Busy           Fault = "busy"
	Halted         Fault = "roll halted"
	Failed         Fault = "failed"
)

// Exit codes of a control command; the names are those of the Linux Standard Base, which supervisorctl goes by.
const (
	CodeOK          = 0
	CodeGeneric     = 1
	CodeInvalid     = 2
	CodeDown        = 3 // status: something is not running
	CodeUnknown     = 4 // status: no such process, or no percore to ask
	CodeUnreachable = 4 // the daemon refuses
	CodeNotRunning  = 7
)

// Code is the exit code that supervisorctl gives a fault of verb; 0 where it does not mind.
func (f Fault) Code(verb Verb) int {
	switch {
	case f == "", f == AlreadyStarted && verb == VerbStart, f == NotRunning && verb == VerbStop:
		return CodeOK
	case f == NoSuchGroup && verb == VerbStart:
		return CodeInvalid
	case verb == VerbStatus:
		return CodeUnknown
	case f == SpawnError, f == Abnormal, f == NotRunning:
		return CodeNotRunning
	default:
		return CodeGeneric
	}
}
