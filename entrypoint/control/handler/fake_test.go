package handler

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"percore/entrypoint/control"
	"percore/reaper/fleet"
	"percore/reaper/lifecycle"
)

// fakeFleet is a fleet whose workers are a list, and which does at once what it is told.
type fakeFleet struct {
	workers   []fleet.WorkerStatus
	condition fleet.Condition
	orders    []fleet.Order
	outcomes  func(fleet.Order) ([]fleet.Outcome, error) // what comes of an order; nil: all is done
	streams   map[string]*fakeStream                     // by process and stream, as in "webs:web-8000 stdout"
	logs      map[string]string                          // likewise: the paths of log files
	cleared   []string
	clearing  error // what keeps log files from being emptied
}

// fakeStream is what a process has written.
type fakeStream struct {
	text string
	gone bool          // the process is no more
	wake chan struct{} // closed when there is more
}

// inTerms is f as a handler takes it.
func (f *fakeFleet) inTerms() Fleet {
	return Fleet{
		Status:    func() []fleet.WorkerStatus { return slices.Clone(f.workers) },
		Condition: func() fleet.Condition { return f.condition },
		Do:        f.do, Tail: f.tail,
		LogPath: func(process, stream string) string { return f.logs[process+" "+stream] },
		Clear:   func(process string) error { f.cleared = append(f.cleared, process); return f.clearing },
	}
}

func (f *fakeFleet) do(_ context.Context, o fleet.Order, progress func(fleet.Outcome)) error {
	f.orders = append(f.orders, o)
	if f.outcomes != nil {
		list, err := f.outcomes(o)
		for _, outcome := range list {
			progress(outcome)
		}
		return err
	}
	for _, name := range o.Processes {
		progress(fleet.Outcome{Process: name, Done: o.Verb.String() + " done"})
	}
	return nil
}

// tail gives what is behind from, counted from the end where it is below 0, as fleet.Tail does.
func (f *fakeFleet) tail(process, stream string, from int64, bytesMax int) (data []byte, next int64, wake <-chan struct{}, ok bool) {
	s := f.streams[process+" "+stream]
	if s == nil {
		return nil, 0, nil, false
	}
	if from < 0 {
		from = max(0, int64(len(s.text))+from)
	}
	rest := s.text[from:]
	rest = rest[:min(len(rest), bytesMax)]
	return []byte(rest), from + int64(len(rest)), s.wake, !s.gone
}

// ordered are the orders in words: the verb and whom it is about.
func (f *fakeFleet) ordered() (list []string) {
	for _, o := range f.orders {
		text := o.Verb.String()
		if o.Signal != 0 {
			text += fmt.Sprintf(" %d", o.Signal)
		}
		if o.Group != "" {
			text += " " + o.Group
		}
		if o.Count != 0 {
			text += fmt.Sprintf(" %d relative=%t", o.Count, o.Relative)
		}
		list = append(list, strings.Join(append([]string{text}, o.Processes...), " "))
	}
	return list
}

// worker is one of a group, in a state of supervisord's.
func worker(process string, state lifecycle.State) fleet.WorkerStatus {
	group, name, _ := strings.Cut(process, ":")
	s := fleet.WorkerStatus{Process: process, Group: group, Name: name, Program: name, State: state, Endpoint: -1}
	if running(s) {
		s.PID = 100 + len(name)
	}
	return s
}

// serving is a worker that takes requests, as the nth endpoint.
func serving(process string, endpoint int) fleet.WorkerStatus {
	s := worker(process, lifecycle.StateRunning)
	s.Ready, s.Endpoint, s.Port = true, endpoint, 8000+endpoint
	return s
}

// own is a process of percore's own.
func own(process string, state lifecycle.State) fleet.WorkerStatus {
	s := worker(process, state)
	s.Internal = true
	return s
}

// answered is what a client gets of a handler.
type answered struct {
	frames []control.Frame
	code   int
	err    error
}

// words are the outcomes and texts of an answer, in their order.
func (a answered) words() (list []string) {
	for _, f := range a.frames {
		switch {
		case f.Outcome != nil:
			text := strings.TrimSuffix(f.Outcome.Group+":"+f.Outcome.Name, ":") + " " + f.Outcome.Did
			if f.Outcome.Fault != "" {
				text += "! " + string(f.Outcome.Fault)
			}
			list = append(list, text)
		case f.Text != "":
			list = append(list, f.Text)
		case len(f.Data) > 0:
			list = append(list, string(f.Data))
		}
	}
	return list
}

// asked makes a request of a handler beside f, with what change does to it.
func asked(t *testing.T, f *fakeFleet, r control.Request, changes ...func(*Handler)) answered {
	t.Helper()
	h := &Handler{Fleet: f.inTerms(), Version: "1.2", Traffic: true}
	for _, change := range changes {
		change(h)
	}
	var a answered
	a.frames, a.code, a.err = ask(t, h, r)
	return a
}

// counting gives a handler these figures.
func counting(figures *Figures) func(*Handler) {
	return func(h *Handler) { h.Figures = func(context.Context) *Figures { return figures } }
}

// configureEcho answers in the settings' place.
func configureEcho(_ context.Context, r control.Request, reply func(control.Frame) error) (int, error) {
	return 42, errors.Join(reply(control.Frame{Text: string(r.Verb) + " " + strings.Join(r.Set, " ")}), errors.New("nothing was changed"))
}
