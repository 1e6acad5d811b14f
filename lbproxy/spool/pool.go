package spool

import "sync"

// WorkersMax is how many goroutines of one place may wait for its disk at once. More would not make a disk faster, and
// each may take a thread.
const WorkersMax = 4

// task is something that may wait. The same one is not submitted twice at a time.
type task struct {
	run  func()
	next *task
}

// pool runs tasks, in the order in which they came. A goroutine ends when there is nothing left to do: to start one
// takes less than a microsecond, so that none has to be kept.
type pool struct {
	sync.Mutex // guards all
	first      *task
	last       *task
	workers    int
	begin      func() // work, as a value that is made once
}

// submit has t run soon. It never waits, and may be called from any goroutine.
func (p *pool) submit(t *task) {
	p.Lock()
	defer p.Unlock()
	t.next = nil
	if p.first == nil {
		p.first = t
	} else {
		p.last.next = t
	}
	p.last = t
	if p.begin == nil {
		p.begin = p.work
	}
	if p.workers < WorkersMax {
		p.workers++
		go p.begin()
	}
}

// work runs tasks until there is none.
func (p *pool) work() {
	for t := p.take(); t != nil; t = p.take() {
		t.run()
	}
}

// take is the next task; with none, the goroutine that asks has ended.
func (p *pool) take() *task {
	p.Lock()
	defer p.Unlock()
	t := p.first
	if t == nil {
		p.workers--
		return nil
	}
	p.first = t.next
	return t
}
