package fleet

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
