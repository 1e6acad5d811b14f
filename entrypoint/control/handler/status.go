package handler

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"percore/entrypoint/control"
	"percore/reaper/fleet"
	"percore/reaper/lifecycle"
)

// status tells of each process that is meant, percore's own only when it is named or everything is asked for.
func (j *job) status() int {
	list := sorted(j.handler.Fleet.Status())
	names := j.request.Names
	matching := withoutOwn(list)
	if j.request.Verbose {
		matching = list
	}
	if len(names) > 0 && !slices.Contains(names, all) {
		matching = nil
		for _, name := range names {
			found := choose(list, name)
			if len(found.list) == 0 {
				group := name
				if found.whole {
					group = found.group
				}
				j.fault(group, "", found.missing(), found.instead(list))
			}
			matching = append(matching, found.list...)
		}
	}
	j.describe(matching)
	if slices.ContainsFunc(matching, down) {
		j.code = control.CodeDown
	}
	return j.code
}

func (j *job) describe(list []fleet.WorkerStatus) {
	now := time.Now()
	figures := j.figures()
	overview := j.handler.overview()
	if figures != nil {
		overview.Held = &figures.Held
	}
	if stuck := stuckWorkers(list, figures); stuck != "" {
		overview.Degraded = strings.TrimPrefix(overview.Degraded+"; "+stuck, "; ")
	}
	_ = j.reply(control.Frame{Fleet: overview})
	for _, s := range list {
		p := process(s, now)
		if count, counted := figures.of(s); counted && j.request.Verbose {
			p.Oldest = count.Oldest.Seconds()
			p.InFlight, p.Requests, p.Ejected = &count.InFlight, &count.Served, count.Ejected
		}
		if j.request.Verbose && s.PID != 0 {
			rss, cpu := consumption(os.DirFS("/proc"), s.PID)
			p.RSS, p.CPU = rss, cpu.Seconds()
		}
		_ = j.reply(control.Frame{Process: p})
	}
}

// stuckWorkers names those that have been silent to a request for longer than is good; empty is none.
func stuckWorkers(list []fleet.WorkerStatus, figures *Figures) string {
	var stuck []string
	for _, s := range list {
		if f, counted := figures.of(s); counted && f.Stuck > 0 {
			stuck = append(stuck, fmt.Sprintf("%s has not answered a request for %v", s.Process,
				f.Stuck.Round(time.Second)))
		}
	}
	return strings.Join(stuck, "; ")
}

func process(s fleet.WorkerStatus, now time.Time) *control.Process {
	return &control.Process{
		Group: s.Group, Name: s.Name, State: s.State.String(), Ready: s.Ready, PID: s.PID, Port: s.Port, Priority: s.Priority,
		Own:     s.Internal,
		Started: s.Started, Uptime: s.Uptime(now).Seconds(), Restarts: s.Restarts,
		LastEnd: s.LastExit, LastCode: s.LastCode, LastAt: s.LastAt, Diagnosis: s.Diagnosis,
		Description: s.Description(now),
	}
}

// overview is the fleet as a whole.
func (h *Handler) overview() *control.Fleet {
	condition := h.Fleet.Condition()
	why := h.unready()
	command := ""
	if h.Command != nil {
		command = h.Command()
	}
	var listen []string
	if h.Listen != nil {
		listen = h.Listen()
	}
	return &control.Fleet{
		PID: os.Getpid(), Version: h.Version, Command: command, Listen: listen, Ready: why == "", Why: why,
		Maintenance: condition.Maintenance, Degraded: condition.Degraded,
	}
}

// unready says why the container is not ready; it is as long as a worker serves, and the front door with it.
func (h *Handler) unready() string {
	if h.Fleet.Condition().Stopping {
		return "percore is stopping"
	}
	list := h.Fleet.Status()
	if !slices.ContainsFunc(list, func(s fleet.WorkerStatus) bool { return h.serves(s) && s.Ready }) {
		return "no worker is ready: " + states(withoutOwn(list)) + diagnosed(list)
	}
	for _, s := range list {
		if s.Internal && s.State != lifecycle.StateRunning {
			return fmt.Sprintf("%s is %s", s.Process, s.State)
		}
	}
	return ""
}

// serves reports whether a worker counts for readiness: where there is traffic those that get it, elsewhere all.
func (h *Handler) serves(s fleet.WorkerStatus) bool {
	return !s.Internal && (!h.Traffic || s.Endpoint >= 0)
}

// states counts the workers in each state, as in "2 STARTING, 1 FATAL".
func states(list []fleet.WorkerStatus) string {
	var text string
	for _, state := range []lifecycle.State{
		lifecycle.StateStarting, lifecycle.StateRunning, lifecycle.StateBackoff, lifecycle.StateStopping,
		lifecycle.StateStopped, lifecycle.StateExited, lifecycle.StateFatal,
	} {
		// By their words: those that drain are STOPPING.
		n := len(filter(list, func(s fleet.WorkerStatus) bool { return s.State.String() == state.String() }))
		if n == 0 {
			continue
		}
		if text != "" {
			text += ", "
		}
		text += fmt.Sprintf("%d %s", n, state)
	}
	return text
}

// diagnosed is what is known to be wrong with the first worker of which something is.
func diagnosed(list []fleet.WorkerStatus) string {
	for _, s := range list {
		if s.Diagnosis != "" {
			return "; " + s.Process + " " + s.Diagnosis
		}
	}
	return ""
}

// ready is the health check: one line, and 0 or 1. The front door is asked, which takes a millisecond where it is
// well.
func (j *job) ready() int {
	if why := j.handler.unready(); why != "" {
		j.text("unhealthy: %s", why)
		return control.CodeGeneric
	}
	figures := j.figures()
	if figures == nil && j.handler.Figures != nil {
		j.text("unhealthy: the front door does not answer")
		return control.CodeGeneric
	}
	list := filter(j.handler.Fleet.Status(), j.handler.serves)
	ready := filter(list, func(s fleet.WorkerStatus) bool { return s.Ready })
	text := fmt.Sprintf("healthy: %d of %d workers ready", len(ready), len(list))
	if stuck := stuckWorkers(list, figures); stuck != "" {
		text += "; " + stuck
	}
	j.text("%s", text)
	return control.CodeOK
}
