package config

// Effect is what a change of a variable takes while percore runs. Each variable has one, in its tag effect.
type Effect string

// The effects.
const (
	Live      Effect = "live"      // the process that goes by the variable takes the new value at once
	Judged    Effect = "judged"    // PID 1 goes by it when a worker next starts, stops or ends; the processes stay
	Scale     Effect = "scale"     // workers are started or drained
	Roll      Effect = "roll"      // the workers are restarted, one after another
	Container Effect = "container" // none, until there is a new container
)

// Words say what becomes of a change of a variable with this effect.
func (e Effect) Words() string {
	switch e {
	case Live:
		return "at once"
	case Judged:
		return "at once, for the next start, stop or end of a worker"
	case Scale:
		return "starts or drains workers"
	case Roll:
		return "restarts the workers one after another"
	case Container:
		return "needs a new container"
	default:
		return ""
	}
}

// ProcessFront is the process that goes by the front door's variables.
const ProcessFront = "front"
