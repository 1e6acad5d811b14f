package door

import (
	"context"
	"slices"
	"time"

	"percore/lbproxy"
)

// askTimeout is how long a question for figures waits for the front door, which answers in a millisecond if it is
// well.
const askTimeout = time.Second

// question waits for figures.
type question struct {
	ask    uint64 // as in lbproxy.Snapshot
	answer chan *lbproxy.Figures
}

// Figures asks the front door what it counts; nil when it does not answer.
func (d *Door) Figures(ctx context.Context) *lbproxy.Figures {
	q := question{answer: make(chan *lbproxy.Figures, 1)}
	d.mu.Lock()
	d.changeLocked(func(s *lbproxy.Snapshot) { s.Ask++; q.ask = s.Ask })
	d.questions = append(d.questions, q)
	d.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	select {
	case f := <-q.answer:
		return f
	case <-ctx.Done():
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.questions = slices.DeleteFunc(d.questions, func(other question) bool { return other == q })
	return nil
}

// told gives the figures of a report to the questions that it answers.
func (d *Door) told(r lbproxy.Report) {
	if r.Figures == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.questions = slices.DeleteFunc(d.questions, func(q question) bool {
		if q.ask > r.Asked {
			return false
		}
		q.answer <- r.Figures // has room for the one
		return true
	})
}
