package subject

import "strconv"

// Variant is what a row asks of every proxy alike.
type Variant struct {
	Loops int  // event loops, threads or processes
	Unix  bool // the worker listens on a unix socket
	Holds bool // bodies are held, in files below Setup.Bodies where they are long, and may be longer than is usual
}

// Plain is what all rows use that do not say otherwise.
func Plain() Variant { return Variant{Loops: 1} }

// Holding is what the rows of held bodies use.
func Holding() Variant { return Variant{Loops: 1, Holds: true} }

// bodyMax is the longest request body where bodies are held.
const bodyMax = 100 << 20

// Discipline is how a proxy spreads requests over several workers; empty where there is one.
type Discipline string

// The disciplines.
const (
	RoundRobin Discipline = "round robin"
	LeastConn  Discipline = "least_conn"
	OneAtATime Discipline = "one at a time" // the rest waits in the proxy's queue
)

// Setup is one instance of a proxy: where it listens, what is behind it and how it chooses.
type Setup struct {
	Variant
	Port       int
	Upstreams  []string // host:port or the path of a unix socket; percore starts its own and ignores them
	Workers    int      // how many percore starts
	Worker     []string // percore's worker and its arguments
	Discipline Discipline
	Bodies     string // folder for held bodies, which every user may write; only with Holds
	QueueWait  string // how long a request may wait for a worker, in the proxies that have a queue
}

// upstream is the only one.
func (s Setup) upstream() string { return s.Upstreams[0] }

// isPath tells a unix socket from host:port.
func isPath(address string) bool { return address[0] == '/' }

// Loopback lists count addresses from a port up.
func Loopback(port, count int) []string {
	var list []string
	for i := range count {
		list = append(list, "127.0.0.1:"+strconv.Itoa(port+i))
	}
	return list
}
