package handler

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"percore/reaper/fleet"
)

// A client that gave an order which takes its time hears what it waits for: the first time after a second, and then
// ever more rarely.
const commentAfter, commentPauseMax = time.Second, 16 * time.Second

// await is Fleet.Do with comments on what it waits for, where these were asked for.
func (j *job) await(order fleet.Order, progress func(fleet.Outcome)) error {
	if !j.request.Comment {
		return j.handler.Fleet.Do(j.ctx, order, progress)
	}
	outcomes, done := make(chan fleet.Outcome), make(chan error, 1)
	go func() { done <- j.handler.Fleet.Do(j.ctx, order, func(o fleet.Outcome) { outcomes <- o }) }()
	pause, said := commentAfter, ""
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for {
		select {
		case o := <-outcomes:
			progress(o)
		case err := <-done:
			return err
		case now := <-timer.C:
			if text := j.waitsFor(order, now); text != said && text != "" {
				j.text("%s", text)
				said = text
			}
			pause = min(2*pause, commentPauseMax)
			timer.Reset(pause)
		}
	}
}

// waitsFor puts into words what keeps an order from being fulfilled; empty is nothing in particular.
func (j *job) waitsFor(order fleet.Order, now time.Time) string {
	figures := j.figures()
	var waits []string
	for _, s := range j.handler.Fleet.Status() {
		isMeant := len(order.Processes) == 0 && !s.Internal || slices.Contains(order.Processes, s.Process)
		if what := waitsFor(s, figures, now); isMeant && what != "" {
			waits = append(waits, what)
		}
	}
	if len(waits) == 0 {
		return ""
	}
	return "waits for " + strings.Join(waits, "; ")
}

// waitsFor is what a process keeps others waiting for.
func waitsFor(s fleet.WorkerStatus, figures *Figures, now time.Time) string {
	what := ""
	switch s.Waiting {
	case fleet.ForRequests:
		what = "the last requests of " + s.Name
		if f, known := figures.of(s); known && f.InFlight > 0 {
			what = fmt.Sprintf("%d %s of %s", f.InFlight, plural(f.InFlight, "request"), s.Name)
		}
	case fleet.ForEnd:
		what = s.Name + " to end"
	case fleet.ForReady:
		what = s.Name + " to be ready"
	case fleet.ForNothing:
		return ""
	}
	if left := s.WaitingUntil.Sub(now); !s.WaitingUntil.IsZero() && left > 0 {
		what += fmt.Sprintf(", at most %d s", int64(cmp.Or(left.Round(time.Second), time.Second)/time.Second))
	}
	return what
}

func plural(n int64, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}
