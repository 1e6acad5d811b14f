package door

import (
	"sync/atomic"
	"time"

	"percore/lbproxy"
)

// patience is how a front door is watched for a hang: it is asked by a new snapshot, and answers when every loop has
// taken that over.
type patience struct {
	every time.Duration // from an answer to the next question
	step  time.Duration // an answer is awaited in steps of this
	steps int           // so many steps without an answer are a hang
	first int           // as many for the first answer of a process that starts
}

// frontPatience: a question costs two milliseconds of CPU time, most of it for waking threads, of which there should
// be little in a container where nothing happens; docs/stopping.md has the figures.
func frontPatience() patience {
	return patience{every: 10 * time.Second, step: time.Second, steps: 5, first: 15}
}

// pulse is what is heard of one incarnation of the front door.
type pulse struct {
	incarnation uint64
	asked       uint64        // sequence number of the snapshot that is the first question
	seen        atomic.Uint64 // that every loop has taken over
	beat        chan struct{} // it has changed
	gone        chan struct{} // closed with the link
}

func newPulse(incarnation, asked uint64) *pulse {
	return &pulse{incarnation: incarnation, asked: asked, beat: make(chan struct{}, 1), gone: make(chan struct{})}
}

// answered takes a report in.
func (p *pulse) answered(seq uint64) {
	p.seen.Store(seq)
	select {
	case p.beat <- struct{}{}:
	default: // a look is due anyway
	}
}

// watch asks one incarnation again and again, and has it killed when it does not answer.
//
// A step that ends late does not count: percore itself did not run, because the container was paused or the machine
// too busy, and then the front door did not either.
func (d *Door) watch(p *pulse) {
	timer := time.NewTimer(d.patience.step)
	defer timer.Stop()
	due := time.Now().Add(d.patience.step)
	asked, left := p.asked, d.patience.first // left is 0 while there is no question
	for {
		pause := d.patience.step
		select {
		case <-p.gone:
			return
		case <-p.beat:
			if left == 0 || p.seen.Load() < asked {
				continue
			}
			left, pause = 0, d.patience.every
		case <-timer.C:
			switch {
			case left == 0:
				asked, left = d.ask(), d.patience.steps
			case time.Since(due) < d.patience.step/2:
				left--
			}
			if left == 0 {
				d.events.Hung(p.incarnation)
				return
			}
		}
		timer.Reset(pause)
		due = time.Now().Add(pause)
	}
}

// ask makes a snapshot that differs from the last in its number alone, which every loop has to take over.
func (d *Door) ask() (seq uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.changeLocked(func(*lbproxy.Snapshot) {})
	return d.wanted.Snapshot.Seq
}
