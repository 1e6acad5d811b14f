package fleet

import (
	"sync/atomic"
	"time"

	"percore/reaper/alarm"
	"percore/reaper/socket"
)

// Fleet runs programs. Make one with New; Run does the work.
type Fleet struct {
	*base
	overview atomic.Pointer[overview]
	over     chan struct{} // closed when Run has ended

	// The rest belongs to Run's goroutine. Each part knows those below it.
	course      *course
	orders      *orders
	upkeep      *upkeep
	maintenance *maintenance
	supervisor  *supervisor
	outputs     *outputs
	roster      *roster
	budget      *budget
}

// New makes a fleet of the programs; nothing is started before Run.
func New(o Options) *Fleet {
	o = o.withDefaults()
	b := &base{options: o, log: o.Log, mail: newMailbox()}
	f := &Fleet{base: b, over: make(chan struct{}), budget: new(budget)}
	f.roster = &roster{sockets: socket.NewFolders(o.SocketPlaces)}
	b.clock = alarm.NewClock(f.mail.post, f.logPause)
	f.outputs = newOutputs(b, f.budget)
	f.supervisor = &supervisor{
		base: b, roster: f.roster, budget: f.budget, outputs: f.outputs, front: &endpoints{publish: o.Publish}, over: f.over,
	}
	f.maintenance = &maintenance{base: b, roster: f.roster, supervisor: f.supervisor, budget: f.budget}
	f.upkeep = &upkeep{base: b, roster: f.roster, supervisor: f.supervisor, maintenance: f.maintenance}
	f.supervisor.isReady, f.supervisor.heed = f.upkeep.begin, f.upkeep.heed
	f.orders = &orders{base: b, roster: f.roster, supervisor: f.supervisor, maintenance: f.maintenance, budget: f.budget}
	f.course = &course{base: b, roster: f.roster, supervisor: f.supervisor, outputs: f.outputs, budget: f.budget}
	for _, p := range o.Programs {
		f.roster.fill(f.roster.addPool(o.program(p)))
	}
	f.snapshot()
	return f
}

// Run starts the workers and keeps them running until Stop, or until the critical ones are done for. It
// returns when no process is left, or when the stop's budget is used up. It is called once.
func (f *Fleet) Run() Result {
	f.outputs.openNull()
	f.supervisor.publish()
	f.course.startAll()
	for f.settle(); f.budget.phase != ended; f.settle() {
		<-f.mail.wake
		for _, message := range f.mail.take() {
			message()
		}
	}
	f.close()
	close(f.over)
	return f.course.result
}

// settle runs after every batch of events: it looks at the whole where events look at one worker.
func (f *Fleet) settle() {
	f.supervisor.releaseWaiting()
	f.course.advance()
	f.supervisor.resume()
	f.maintenance.advance()
	f.orders.advance()
	f.supervisor.publish()
	f.snapshot()
}

// logPause tells why what should have happened by now has not.
func (f *Fleet) logPause(lost time.Duration) {
	f.log.Info("percore did not run for a while; deadlines begin anew", "paused", alarm.Words(lost))
}

// close releases what Run held. Goroutines that copy output end with their pipes.
func (f *Fleet) close() {
	f.course.close()
	f.supervisor.close()
	f.outputs.close()
	f.roster.sockets.Close()
}
