package ctl

import (
	"encoding/json"
	"fmt"
	"strings"

	"percore/entrypoint/control"
)

// nameWidthMin is supervisorctl's least width of the column of names, without the gap behind it.
const (
	nameWidthMin = 30
	nameGap      = 3
)

// report is what `status --json` prints.
type report struct {
	control.Fleet
	Processes []control.Process `json:"processes"`
	Errors    []string          `json:"errors,omitempty"`
}

func (t *Tool) status(args []string) int {
	names, asJSON, verbose := args, false, false
	if !t.Strict {
		names, asJSON = withoutFlag(names, "--json")
		names, verbose = withoutFlag(names, "-v")
	}
	all := report{Processes: []control.Process{}}
	code := t.call(control.Request{Verb: control.VerbStatus, Names: names, Verbose: asJSON || verbose},
		func(f control.Frame) {
			switch {
			case f.Fleet != nil:
				all.Fleet = *f.Fleet
			case f.Process != nil:
				all.Processes = append(all.Processes, *f.Process)
			case f.Outcome != nil && asJSON:
				all.Errors = append(all.Errors, fmt.Sprintf("%s: %s", f.Outcome.Group, f.Outcome.Fault))
			case f.Outcome != nil:
				t.outcome(f.Outcome)
			}
		})
	if asJSON {
		return t.printJSON(all, code)
	}
	if all.PID > 1 && !t.Strict {
		t.introduce(all.Fleet)
	}
	t.printTable(all, verbose)
	return code
}

func (t *Tool) printJSON(v any, code int) int {
	out := json.NewEncoder(t.Out)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	if err := out.Encode(v); err != nil {
		return control.CodeGeneric
	}
	return code
}

func (t *Tool) printTable(all report, verbose bool) {
	width := nameWidthMin
	for _, p := range all.Processes {
		width = max(width, len(shortName(p.Group, p.Name)))
	}
	for _, p := range all.Processes {
		t.say("%-*s%-10s%s", width+nameGap, shortName(p.Group, p.Name), p.State, p.Description)
		if verbose {
			t.say("    %s", details(p))
		}
	}
	if line := heldLine(all.Held); verbose && line != "" {
		t.say("%s", line)
	}
	switch {
	case verbose:
		t.say("%s", summary(all.Fleet))
	case all.Degraded != "" && !t.Strict:
		t.say("degraded: %s", all.Degraded)
	}
}

// details is the second line of a process in `status -v`.
func details(p control.Process) string {
	parts := []string{"ready no"}
	if p.Ready {
		parts[0] = "ready yes"
	}
	if p.Oldest > 0 {
		parts = append(parts, fmt.Sprintf("oldest request %.1f s", p.Oldest))
	}
	if p.Ejected {
		parts = append(parts, "avoided as it does not answer")
	}
	if p.InFlight != nil {
		parts = append(parts, fmt.Sprintf("in flight %d", *p.InFlight))
	}
	if p.Requests != nil {
		parts = append(parts, fmt.Sprintf("requests %d", *p.Requests))
	}
	parts = append(parts, fmt.Sprintf("restarts %d", p.Restarts))
	if p.PID != 0 {
		parts = append(parts, fmt.Sprintf("rss %.1f MB", float64(p.RSS)/(1<<20)), fmt.Sprintf("cpu %.2f s", p.CPU))
	}
	if p.Diagnosis != "" {
		parts = append(parts, p.Diagnosis)
	}
	if p.LastEnd != "" {
		parts = append(parts, "last end: "+p.LastEnd)
	}
	return strings.Join(parts, ", ")
}

// heldLine tells of the bodies that the front door holds in files; empty where there is nothing to tell.
func heldLine(h *control.Held) string {
	if h == nil || h.Files == 0 && h.Refused == 0 && h.Failed == 0 {
		return ""
	}
	text := fmt.Sprintf("held in files: %.1f of at most %.1f MB, files %d; so far requests %d, responses %d",
		float64(h.Bytes)/(1<<20), float64(h.BytesMax)/(1<<20), h.Files, h.Requests, h.Responses)
	if h.Refused > 0 {
		text += fmt.Sprintf(", no room %d", h.Refused)
	}
	if h.Failed > 0 {
		text += fmt.Sprintf(", file failed %d", h.Failed)
	}
	return text
}

// summary is the last line of `status -v`.
func summary(f control.Fleet) string {
	text := fmt.Sprintf("percore %s, pid %d, ready", f.Version, f.PID)
	if !f.Ready {
		text = fmt.Sprintf("percore %s, pid %d, not ready: %s", f.Version, f.PID, f.Why)
	}
	if f.Maintenance != "" {
		text += "; under way: " + f.Maintenance
	}
	if f.Degraded != "" {
		text += "; degraded: " + f.Degraded
	}
	return text
}

func (t *Tool) pid(args []string) int {
	return t.lines(control.Request{Verb: control.VerbPID, Names: args})
}

// lines makes a request that is answered by text.
func (t *Tool) lines(r control.Request) int {
	return t.call(r, func(f control.Frame) {
		if f.Text != "" {
			t.say("%s", f.Text)
		}
	})
}

// healthcheck says in one line whether the container serves; Docker keeps the line.
func (t *Tool) healthcheck(args []string) int {
	if len(args) > 0 {
		t.say("unhealthy: healthcheck takes no arguments")
		return control.CodeGeneric
	}
	if err := t.connect(); err != nil {
		t.say("unhealthy: percore cannot be asked: %v", err)
		return control.CodeGeneric
	}
	print := func(f control.Frame) { t.say("%s", f.Text) }
	if t.call(control.Request{Verb: control.VerbReady}, print) != control.CodeOK {
		return control.CodeGeneric
	}
	return control.CodeOK
}
