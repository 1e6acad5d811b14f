package settings

import (
	"os"
	"slices"
	"strconv"
	"strings"

	"percore/entrypoint/config"
	"percore/entrypoint/config/environment"
	"percore/entrypoint/control"
	"percore/entrypoint/plan"
	"percore/reaper/fleet"
)

// effectEnvironment is what becomes of a change of a variable that is none of percore's.
const effectEnvironment = "environment of the workers, which restart one after another"

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

// intend validates the whole new configuration and says what it changes.
func (s *Settings) intend(set []string) (*intent, error) {
	for _, a := range set {
		if err := environment.CheckAssignment(a); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	next := &intent{set: slices.Concat(s.set, set)}
	cfg, _, err := config.LoadWith(environment.Overlay(s.o.Environ, next.set), s.o.Command, os.Getuid())
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

// planOf is the plan for a configuration as far as this PID 1 can carry it out: a front door has as many loops as it
// has sockets for, whatever became of the CPUs.
func (s *Settings) planOf(cfg *config.Config) (*plan.Plan, error) {
	p, err := plan.Make(cfg)
	if err != nil {
		return nil, err
	}
	p.Role = s.o.Plan.Role
	if s.o.Reconfigure == nil {
		return p, nil
	}
	p.Loops = s.o.Plan.Loops
	if err := p.KeepFront(cfg, s.cfg, s.o.Plan.Front); err != nil {
		return nil, err
	}
	return p, plan.KeepTempPath(cfg, s.cfg, p.Front)
}

// programs are the fleet's for a configuration. Workers go on seeing the PERCORE_ variables that PID 1 was started
// with: otherwise every change would concern every worker.
func (s *Settings) programs(cfg *config.Config, p *plan.Plan, set []string) []fleet.Program {
	_, others := config.OnlyOurs(set)
	return p.Programs(cfg, environment.Overlay(s.o.Environ, others), s.o.Files)
}

// compare fills in what differs from what holds now; set is what the request itself says.
func (s *Settings) compare(next *intent, set []string) error {
	before, err := s.planOf(s.cfg)
	if err != nil {
		return err
	}
	old := s.programs(s.cfg, before, s.set)
	differences := config.Differences(s.cfg, next.cfg)
	for n, p := range next.programs {
		i := slices.IndexFunc(old, func(o fleet.Program) bool { return o.Group == p.Group && o.Name == p.Name })
		if i >= 0 && old[i].Workers == p.Workers {
			next.keepCount(n, s.count(p), differences, set) // a scale stays, unless a number is said
		}
		if i >= 0 && old[i].Workers != p.Workers || i < 0 || old[i].Changed(p) != fleet.ChangeNone {
			next.groups = append(next.groups, p.Group)
		}
	}
	for _, d := range differences {
		next.refused = next.refused || d.Effect == config.Container
		next.front = next.front || d.Process == config.ProcessFront
		next.changes = append(next.changes, control.Change{Variable: d.Name, From: d.From, To: d.To, Effect: d.Change})
	}
	_, was := config.OnlyOurs(s.set)
	_, is := config.OnlyOurs(next.set)
	for _, a := range environment.Overlay(nil, is) {
		if !slices.Contains(environment.Overlay(s.o.Environ, was), a) {
			name, _, _ := strings.Cut(a, "=")
			change := control.Change{Variable: name, To: "(new value)", Effect: effectEnvironment}
			next.changes = append(next.changes, change)
		}
	}
	return nil
}

// keepCount leaves the nth program as many workers as it has, unless what says how many is among the differences or
// in the request.
func (n *intent) keepCount(nth, count int, differences []config.Difference, set []string) {
	p := &n.programs[nth]
	names := n.cfg.WorkersVariables(p.Group, p.Name)
	said := func(name string) bool {
		return slices.ContainsFunc(set, func(a string) bool {
			return strings.HasPrefix(a, name+"=") && n.cfg.IsSet(name)
		})
	}
	at := slices.IndexFunc(names, said)
	switch {
	case slices.ContainsFunc(differences, func(d config.Difference) bool { return slices.Contains(names, d.Name) }):
	case at < 0:
		p.Workers = count
		return
	case p.Workers != count:
		n.changes = append(n.changes, control.Change{
			Variable: names[at], From: strconv.Itoa(count), To: strconv.Itoa(p.Workers), Effect: config.Scale.Words(),
		})
	}
	if p.Workers != count {
		n.groups = append(n.groups, p.Group)
	}
}

// count is how many workers of a program there are meant to be just now.
func (s *Settings) count(p fleet.Program) int {
	for _, w := range s.o.Status() {
		if w.Group == p.Group && w.Program == p.Name {
			return w.Meant
		}
	}
	return 1
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
