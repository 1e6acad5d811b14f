package handler

import (
	"slices"
	"strings"

	"percore/entrypoint/control"
	"percore/reaper/fleet"
)

// all is the name that means every process but percore's own.
const all = "all"

// chosen are the processes that a name means.
type chosen struct {
	group, name string // as supervisord splits the name
	whole       bool   // a whole group was meant
	list        []fleet.WorkerStatus
}

// choose finds the processes that GROUP:*, GROUP: or GROUP:NAME means. NAME alone is a group of one of that name, as
// in supervisord, or the only process of that name.
func choose(list []fleet.WorkerStatus, selector string) chosen {
	group, name, pair := strings.Cut(selector, ":")
	c := chosen{group: group, name: name}
	switch {
	case !pair:
		c.name = group
		c.list = filter(list, func(s fleet.WorkerStatus) bool { return s.Group == group && s.Name == group })
		if len(c.list) == 0 {
			c.list = filter(list, func(s fleet.WorkerStatus) bool { return s.Name == group })
		}
		if len(c.list) > 1 {
			c.list = nil
		}
	case name == "" || name == "*":
		c.whole, c.name = true, ""
		c.list = filter(list, func(s fleet.WorkerStatus) bool { return s.Group == group })
	default:
		c.list = filter(list, func(s fleet.WorkerStatus) bool { return s.Group == group && s.Name == name })
	}
	return c
}

// missing is why there is no process of that name.
func (c chosen) missing() control.Fault {
	if c.whole {
		return control.NoSuchGroup
	}
	return control.NoSuchProcess
}

// namesMax is how many names a hint can bear.
const namesMax = 8

// instead says which names there are, for a name that none has; empty is that there are no processes.
func (c chosen) instead(list []fleet.WorkerStatus) string {
	list = withoutOwn(list)
	ofGroup := filter(list, func(s fleet.WorkerStatus) bool { return s.Group == c.group })
	namesakes := filter(list, func(s fleet.WorkerStatus) bool { return c.group == c.name && s.Name == c.name })
	switch {
	case len(namesakes) > 1:
		return "several have that name: " + enumerate(titles(namesakes))
	case len(ofGroup) > 0 && c.group == c.name:
		return c.group + ":* is all of that group"
	case len(ofGroup) > 0:
		return "that group has " + enumerate(titles(ofGroup))
	case len(list) == 0:
		return ""
	case c.whole:
		return "the groups are " + enumerate(groups(list))
	default:
		return "there are " + enumerate(titles(list))
	}
}

// enumerate joins names, as many as a line can bear.
func enumerate(names []string) string {
	if len(names) > namesMax {
		names = append(slices.Clone(names[:namesMax]), "…")
	}
	return strings.Join(names, ", ")
}

func groups(list []fleet.WorkerStatus) []string {
	names := make([]string, len(list))
	for i, s := range list {
		names[i] = s.Group
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// withoutOwn leaves percore's own processes out.
func withoutOwn(list []fleet.WorkerStatus) []fleet.WorkerStatus {
	return filter(list, func(s fleet.WorkerStatus) bool { return !s.Internal })
}

func filter(list []fleet.WorkerStatus, keep func(fleet.WorkerStatus) bool) []fleet.WorkerStatus {
	return slices.DeleteFunc(slices.Clone(list), func(s fleet.WorkerStatus) bool { return !keep(s) })
}

func running(s fleet.WorkerStatus) bool { return s.State.IsRunning() }

func notRunning(s fleet.WorkerStatus) bool { return !s.State.IsRunning() }

func signallable(s fleet.WorkerStatus) bool { return s.State.HasProcess() }

// down is supervisord's set of states that make `status` exit with 3.
func down(s fleet.WorkerStatus) bool { return s.State.IsFinal() }

// titles are the names by which the fleet takes orders.
func titles(list []fleet.WorkerStatus) []string {
	names := make([]string, len(list))
	for i, s := range list {
		names[i] = s.Process
	}
	return names
}
