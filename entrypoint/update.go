package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"percore/entrypoint/config"
	"percore/entrypoint/config/environment"
	"percore/entrypoint/config/reference"
	"percore/entrypoint/control"
	"percore/entrypoint/plan"
	"percore/reaper"
	"percore/reaper/fleet"
)

// settings are what PID 1 runs by, and can be changed while it runs.
type settings struct {
	environ []string // that PID 1 was started with
	command []string // of its arguments
	role    environment.Role
	fleet   *fleet.Fleet
	door    *frontDoor         // nil where there is none
	front   *reaper.Credential // its user, for life

	turn sync.Mutex // held by the update that is under way, which may take as long as a roll

	mu  sync.Mutex // guards the rest, and config.Load, which may run once at a time
	set []string   // what updates have changed, in their order
	cfg *config.Config
}

// current is the configuration that holds.
func (s *settings) current() *config.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cfg
}

// runs is what the workers are, in one line.
func (s *settings) runs() string {
	cfg := s.current()
	switch {
	case s.role == environment.RoleDemoWorker:
		return "percore demo"
	case len(cfg.Command.Words) == 0:
		return "the programs " + cfg.Programs.String()
	}
	return cfg.Command.String()
}

// listens are the addresses of the front door; none where there is none.
func (s *settings) listens() (list []string) {
	if s.door != nil {
		for _, a := range s.current().Listen {
			list = append(list, a.String())
		}
	}
	return list
}

// intent is what an update comes to.
type intent struct {
	set      []string
	cfg      *config.Config
	plan     *plan.Plan
	programs []fleet.Program
	changes  []control.Change // of variables
	groups   []string         // whose processes change
	refused  bool
	front    bool
}

// answer is handler.Handler's Configure.
func (s *settings) answer(ctx context.Context, r control.Request, reply func(control.Frame) error) (code int, err error) {
	defer debug.FreeOSMemory() // reading a configuration takes a megabyte, and is rare
	switch r.Verb {
	case control.VerbCheck:
		return s.check(r, reply)
	case control.VerbReread:
		return s.reread(r, reply)
	default:
		return s.update(ctx, r, reply)
	}
}

func (s *settings) reread(r control.Request, reply func(control.Frame) error) (code int, err error) {
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
func (s *settings) update(ctx context.Context, r control.Request, reply func(control.Frame) error) (code int, err error) {
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

// check prints the configuration that holds, unless the client's environment says something that PID 1's does not: then the
// client wants to know about its own.
func (s *settings) check(r control.Request, reply func(control.Frame) error) (code int, err error) {
	theirs, _ := config.OnlyOurs(r.Environ)
	for _, entry := range theirs {
		if !slices.Contains(s.environ, entry) {
			return control.CodeGeneric, errors.New("PID 1 has another environment")
		}
	}
	var text bytes.Buffer
	err = reference.Effective(&text, s.current())
	if r.JSON {
		text.Reset()
		err = writeJSON(&text, verdict{OK: true, Problems: []config.Problem{}, Warnings: []config.Problem{}, Settings: s.current().Sources()})
	}
	if err != nil {
		return control.CodeGeneric, err
	}
	_ = reply(control.Frame{Text: strings.TrimSuffix(text.String(), "\n")})
	return control.CodeOK, nil
}

// intend validates the whole new configuration and says what it changes.
func (s *settings) intend(set []string) (*intent, error) {
	for _, a := range set {
		if err := environment.CheckAssignment(a); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	next := &intent{set: slices.Concat(s.set, set)}
	cfg, _, err := config.LoadWith(environment.Overlay(s.environ, next.set), s.command, os.Getuid())
	if err != nil {
		return nil, err
	}
	p, err := s.planOf(cfg)
	if err != nil {
		return nil, err
	}
	next.cfg, next.plan, next.programs = cfg, p, s.programs(cfg, p, next.set)
	if err := s.compare(next, set); err != nil {
		return nil, err
	}
	return next, nil
}

// planOf is the plan for a configuration as far as this PID 1 can carry it out: a front door has as many loops as it has sockets for,
// whatever became of the CPUs.
func (s *settings) planOf(cfg *config.Config) (*plan.Plan, error) {
	p, err := plan.Make(cfg)
	if err != nil {
		return nil, err
	}
	p.Role = s.role
	if s.door == nil {
		return p, nil
	}
	p.Loops = s.door.loops()
	return p, p.KeepFront(cfg, s.cfg, s.front)
}

// programs are the fleet's for a configuration. Workers go on seeing the PERCORE_ variables that PID 1 was started with:
// otherwise every change would concern every worker.
func (s *settings) programs(cfg *config.Config, p *plan.Plan, set []string) []fleet.Program {
	_, others := config.OnlyOurs(set)
	return p.Programs(cfg, environment.Overlay(s.environ, others), s.door.inherits())
}

// compare fills in what differs from what holds now; set is what the request itself says.
func (s *settings) compare(next *intent, set []string) error {
	before, err := s.planOf(s.cfg)
	if err != nil {
		return err
	}
	old := s.programs(s.cfg, before, s.set)
	differences := config.Differences(s.cfg, next.cfg)
	for n, p := range next.programs {
		i := slices.IndexFunc(old, func(o fleet.Program) bool { return o.Group == p.Group && o.Name == p.Name })
		if i >= 0 && old[i].Workers == p.Workers {
			next.keepCount(n, s.count(p), differences, set) // a scale or a change of the CPUs stays, unless a number is said
		}
		if i >= 0 && old[i].Workers != p.Workers || i < 0 || !sameProgram(old[i], p) {
			next.groups = append(next.groups, p.Group)
		}
	}
	for _, d := range differences {
		effect, possible := effectOf(d.Base)
		next.refused = next.refused || !possible
		next.front = next.front || config.ScopeOf(d.Base) == config.OfFrontDoor
		next.changes = append(next.changes, control.Change{Variable: d.Name, From: d.From, To: d.To, Effect: effect})
	}
	_, was := config.OnlyOurs(s.set)
	_, is := config.OnlyOurs(next.set)
	for _, a := range environment.Overlay(nil, is) {
		if !slices.Contains(environment.Overlay(s.environ, was), a) {
			name, _, _ := strings.Cut(a, "=")
			next.changes = append(next.changes, control.Change{Variable: name, To: "(new value)", Effect: effectEnvironment})
		}
	}
	return nil
}

// keepCount leaves the nth program as many workers as it has, unless what says how many is among the differences or in the request.
func (n *intent) keepCount(nth, count int, differences []config.Difference, set []string) {
	p := &n.programs[nth]
	names := n.cfg.WorkersVariables(p.Group, p.Name)
	said := func(name string) bool {
		return slices.ContainsFunc(set, func(a string) bool { return strings.HasPrefix(a, name+"=") && n.cfg.IsSet(name) })
	}
	at := slices.IndexFunc(names, said)
	switch {
	case slices.ContainsFunc(differences, func(d config.Difference) bool { return slices.Contains(names, d.Name) }):
	case at < 0:
		p.Workers = count
		return
	case p.Workers != count:
		n.changes = append(n.changes, control.Change{Variable: names[at], From: strconv.Itoa(count), To: strconv.Itoa(p.Workers), Effect: effectScale})
	}
	if p.Workers != count {
		n.groups = append(n.groups, p.Group)
	}
}

// count is how many workers of a program there are meant to be just now.
func (s *settings) count(p fleet.Program) int {
	for _, w := range s.fleet.Status() {
		if w.Group == p.Group && w.Program == p.Name {
			return w.Meant
		}
	}
	return 1
}

// sameProgram says whether a process of the one is a process of the other. How many there are is another matter.
func sameProgram(a, b fleet.Program) bool {
	a.Workers, b.Workers, a.WorkersMax, b.WorkersMax, a.Files, b.Files, a.Check, b.Check = 0, 0, 0, 0, nil, nil, nil, nil
	return reflect.DeepEqual(a, b)
}

// affected are the groups that an update changes, the front door's included.
func (n *intent) affected() []string {
	groups := slices.Clone(n.groups)
	if n.front && !slices.Contains(groups, plan.FrontGroup) {
		groups = append(groups, plan.FrontGroup)
	}
	slices.Sort(groups)
	return slices.Compact(groups)
}

// apply puts the new configuration into force: the front door's part as soon as the fleet has nothing against the workers', which
// follows by a roll. Where the fleet refuses, what was before holds: an update that says the same again has to find something to do.
func (s *settings) apply(ctx context.Context, next *intent, reply func(control.Frame) error) (code int, err error) {
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

func (s *settings) replace(ctx context.Context, next *intent, reply func(control.Frame) error) (code int, err error) {
	var accepted atomic.Bool
	var before intent
	order := fleet.Order{
		Verb: fleet.Replace, Programs: next.programs,
		Accepted: func() { before = s.hold(next); accepted.Store(true) }, Halted: func() { s.takeBack(next, before) },
	}
	err = s.fleet.Do(ctx, order, func(o fleet.Outcome) { tellOutcome(o, reply) })
	switch {
	case err == nil:
		return control.CodeOK, nil
	case !accepted.Load():
		return control.CodeGeneric, fmt.Errorf("nothing was changed: %w", err)
	case errors.Is(err, fleet.ErrHalted):
		return control.CodeGeneric, fmt.Errorf("the configuration from before holds again, and workers that had not failed were left alone: %w", err)
	default:
		return control.CodeGeneric, fmt.Errorf("the new configuration holds from now on, but not all workers have it: %w", err)
	}
}

// hold makes the new configuration the current one, and gives what was.
func (s *settings) hold(next *intent) (before intent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before = intent{set: s.set, cfg: s.cfg}
	s.set, s.cfg = next.set, next.cfg
	if s.door != nil && next.front {
		s.door.reconfigure(next.plan.FrontOptions(next.cfg))
	}
	return before
}

// takeBack undoes hold for an update that was halted. What updates of the front door have changed since, whose givers did not wait
// for this one, stays.
func (s *settings) takeBack(next *intent, before intent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if since := s.set[min(len(next.set), len(s.set)):]; len(since) > 0 {
		set := slices.Concat(before.set, since)
		if cfg, _, err := config.LoadWith(environment.Overlay(s.environ, set), s.command, os.Getuid()); err == nil {
			before.set, before.cfg = set, cfg
		}
	}
	p, err := s.planOf(before.cfg) // while s.cfg still has what is for life, such as the front door's user
	s.set, s.cfg = before.set, before.cfg
	if s.door != nil && err == nil { // it was carried out before
		s.door.reconfigure(p.FrontOptions(s.cfg))
	}
}

func tellOutcome(o fleet.Outcome, reply func(control.Frame) error) {
	group, name, _ := strings.Cut(o.Process, ":")
	outcome := control.Outcome{Group: group, Name: name, Did: o.Done}
	if o.Err != nil {
		outcome.Fault, outcome.Why = control.Failed, o.Err.Error()
	}
	_ = reply(control.Frame{Outcome: &outcome})
}
