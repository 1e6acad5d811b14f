package settings

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync/atomic"

	"percore/entrypoint/config"
	"percore/entrypoint/config/environment"
	"percore/entrypoint/control"
	"percore/entrypoint/control/handler"
	"percore/entrypoint/survey"
	"percore/reaper/fleet"
)

func (s *Settings) reread(r control.Request, reply control.Reply) (code int, err error) {
	next, err := s.intend(r.Set)
	if err != nil {
		return control.CodeInvalid, err
	}
	for _, group := range next.affected() {
		_ = reply(control.Frame{Change: &control.Change{Group: group, Did: "changed"}})
	}
	return control.CodeOK, nil
}

// update is one at a time, however long it takes. A client that has left meanwhile wants it no more.
func (s *Settings) update(ctx context.Context, r control.Request, reply control.Reply) (code int, err error) {
	if !r.DryRun {
		if !s.turn.TryLock() {
			return control.CodeGeneric, errors.New("nothing was changed: another update is under way")
		}
		defer s.turn.Unlock()
	}
	if err := ctx.Err(); err != nil {
		return control.CodeGeneric, err
	}
	next, err := s.intend(r.Set)
	if err != nil {
		return control.CodeInvalid, err
	}
	for i := range next.changes {
		_ = reply(control.Frame{Change: &next.changes[i]})
	}
	switch {
	case next.refused:
		return control.CodeGeneric, errors.New("nothing was changed")
	case r.DryRun:
		return control.CodeOK, nil
	}
	return s.apply(ctx, next, reply)
}

// check prints the configuration that holds, unless the client's environment says something that PID 1's does not:
// then the client wants to know about its own.
func (s *Settings) check(r control.Request, reply control.Reply) (code int, err error) {
	theirs, _ := config.OnlyOurs(r.Environ)
	for _, entry := range theirs {
		if !slices.Contains(s.o.Environ, entry) {
			return control.CodeGeneric, errors.New("PID 1 has another environment")
		}
	}
	text, err := survey.InForce(s.Current(), r.JSON)
	if err != nil {
		return control.CodeGeneric, err
	}
	_ = reply(control.Frame{Text: text})
	return control.CodeOK, nil
}

// apply puts the new configuration into force: the front door's part as soon as the fleet has nothing against the
// workers', which follows by a roll. Where the fleet refuses, what was before holds: an update that says the same
// again has to find something to do.
func (s *Settings) apply(ctx context.Context, next *intent, reply control.Reply) (code int, err error) {
	if len(next.groups) == 0 {
		s.hold(next)
	} else if code, err := s.replace(ctx, next, reply); err != nil {
		return code, err
	}
	for _, group := range next.affected() {
		_ = reply(control.Frame{Change: &control.Change{Group: group, Did: "updated process group"}})
	}
	return control.CodeOK, nil
}

func (s *Settings) replace(ctx context.Context, next *intent, reply control.Reply) (code int, err error) {
	var accepted atomic.Bool
	var before intent
	order := fleet.Order{
		Verb: fleet.Replace, Programs: next.programs,
		Accepted: func() { before = s.hold(next); accepted.Store(true) }, Halted: func() { s.takeBack(next, before) },
	}
	err = s.o.Do(ctx, order, func(o fleet.Outcome) {
		outcome := handler.Outcome(o)
		_ = reply(control.Frame{Outcome: &outcome})
	})
	switch {
	case err == nil:
		return control.CodeOK, nil
	case !accepted.Load():
		return control.CodeGeneric, fmt.Errorf("nothing was changed: %w", err)
	case errors.Is(err, fleet.ErrHalted):
		return control.CodeGeneric, fmt.Errorf("the previous configuration holds again, and workers that had "+
			"not failed were left alone: %w", err)
	default:
		return control.CodeGeneric, fmt.Errorf("the new configuration holds from now on, but not all workers "+
			"have it: %w", err)
	}
}

// hold makes the new configuration the current one, and gives what was.
func (s *Settings) hold(next *intent) (before intent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before = intent{set: s.set, cfg: s.cfg}
	s.set, s.cfg = next.set, next.cfg
	if s.o.Reconfigure != nil && next.front {
		s.o.Reconfigure(next.plan.FrontOptions(next.cfg))
	}
	return before
}

// takeBack undoes hold for an update that was halted. What updates of the front door have changed since, whose
// givers did not wait for this one, stays.
func (s *Settings) takeBack(next *intent, before intent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if since := s.set[min(len(next.set), len(s.set)):]; len(since) > 0 {
		set := slices.Concat(before.set, since)
		cfg, _, err := config.LoadWith(environment.Overlay(s.o.Environ, set), s.o.Command, os.Getuid())
		if err == nil {
			before.set, before.cfg = set, cfg
		}
	}
	p, err := s.planOf(before.cfg) // while s.cfg still has what is for life, such as the front door's user
	s.set, s.cfg = before.set, before.cfg
	if s.o.Reconfigure != nil && err == nil { // it was carried out before
		s.o.Reconfigure(p.FrontOptions(s.cfg))
	}
}
