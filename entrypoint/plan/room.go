package plan

import (
	"fmt"

	"percore/entrypoint/config"
	"percore/lbproxy"
)

// How many threads percore's own processes have at most, measured under load, and one or two to spare. A Go program
// that gets no thread is ended by its runtime, so nothing is started that would not have its own.
const (
	superviseThreads = 12
	frontThreads     = 12 + lbproxy.DiskThreads // and one for each loop
)

// memoryNeed is what PID 1 and a front door without a connection take, with a worker that takes next to nothing.
const memoryNeed = 24 << 20

const roomAdvice = "Raise it, as in docker run --pids-limit 256 or ulimit -u"

// CheckRoom compares what the fleet needs in any case with what the limits leave: an error is a sentence for the user.
func (p *Plan) CheckRoom(cfg *config.Config) error {
	left := p.on.room(p.on.uid)
	own, workers, front := p.on.threads(), p.allWorkers(cfg), p.frontNeed(cfg)
	need := superviseThreads + workers + front
	if left.Left+own >= need {
		return nil
	}
	return fmt.Errorf("%s is too small: it leaves room for %d processes and threads, and this fleet needs %d at "+
		"least (percore %d, its front door %d, workers %d)\n%s",
		left.Limit, left.Left+own, need, superviseThreads, front, workers, roomAdvice)
}

// CheckOwnRoom is CheckRoom for PID 1 alone, which has to be there to load the configuration.
func CheckOwnRoom() error { return thisMachine().checkOwnRoom() }

func (m machine) checkOwnRoom() error {
	left := m.room(m.uid)
	own := m.threads()
	if left.Left+own >= superviseThreads {
		return nil
	}
	return fmt.Errorf("%s is too small: it leaves room for %d processes and threads, and percore alone needs %d\n%s",
		left.Limit, left.Left+own, superviseThreads, roomAdvice)
}

// allWorkers is how many processes the fleet begins with, but for percore's own.
func (p *Plan) allWorkers(cfg *config.Config) int {
	n := p.Workers
	for _, f := range cfg.Further {
		n += f.Workers.Or(p.CPUs.N)
	}
	return n
}

func (p *Plan) frontNeed(cfg *config.Config) int {
	if !cfg.Mode.Facts().FrontDoor {
		return 0
	}
	return frontThreads + p.Loops
}

// frontRoom says what stands against a start of the front door now.
func (p *Plan) frontRoom() error {
	uid := p.on.uid
	if p.Front != nil {
		uid = int(p.Front.UID)
	}
	need := frontThreads + p.Loops
	if left := p.on.room(uid); left.Left < need {
		return fmt.Errorf("the front door needs %d processes and threads, and %s leaves %d", need, left.Limit,
			max(left.Left, 0))
	}
	return nil
}

// noteMemory tells of a memory limit below what percore itself needs.
func (p *Plan) noteMemory() {
	if p.memory > 0 && p.memory < memoryNeed {
		p.notes = append(p.notes, fmt.Sprintf("the memory limit of %d MB is less than percore itself needs with "+
			"its front door, %d MB: the kernel may kill them and the workers",
			p.memory>>20, memoryNeed>>20))
	}
}
