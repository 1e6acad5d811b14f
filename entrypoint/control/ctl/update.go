package ctl

import (
	"fmt"
	"strings"

	"percore/entrypoint/config/environment"
	"percore/entrypoint/control"
)

// update takes NAME=VALUE words and --env-file F, and tells PID 1 to change over to them; supervisorctl's groups may
// be named, too, and then only what concerns them is said.
func (t *Tool) update(args []string) int {
	r := control.Request{Verb: control.VerbUpdate}
	args, r.DryRun = withoutFlag(args, "--dry-run")
	t.sole = t.sole && !r.DryRun
	rest, set, err := t.assignments(args)
	if err != nil {
		t.say("ERROR: %v", err)
		return control.CodeInvalid
	}
	r.Set = set
	known, code := t.groups()
	if known == nil {
		return code
	}
	for _, group := range rest {
		if group != "all" && !known[group] {
			t.say("ERROR: no such group: %s", group)
			code = control.CodeGeneric
		}
	}
	if done := t.call(r, t.change); done != control.CodeOK {
		return done
	}
	return code
}

// change prints one effect of an update.
func (t *Tool) change(f control.Frame) {
	switch c := f.Change; {
	case f.Outcome != nil && (f.Outcome.Fault != "" || !t.Strict):
		t.outcome(f.Outcome)
	case c == nil:
	case c.Group != "" && t.Strict && c.Did == "updated process group":
		t.say("%s: stopped\n%s: %s", c.Group, c.Group, c.Did)
	case c.Group != "":
		t.say("%s: %s", c.Group, c.Did)
	case !t.Strict:
		t.say("%s: %s -> %s (%s)", c.Variable, orDash(c.From), orDash(c.To), c.Effect)
	}
}

func orDash(value string) string {
	if value == "" {
		return "-"
	}
	return value
}

// reread says what an update would change, in supervisorctl's words.
func (t *Tool) reread(args []string) int {
	rest, set, err := t.assignments(args)
	if err != nil {
		t.say("ERROR: %v", err)
		return control.CodeGeneric
	}
	if len(rest) > 0 {
		return t.usage("reread", control.CodeGeneric, "Error: reread accepts no arguments")
	}
	any := false
	code := t.call(control.Request{Verb: control.VerbReread, Set: set}, func(f control.Frame) {
		if c := f.Change; c != nil && c.Group != "" {
			any = true
			t.say("%s: %s", c.Group, c.Did)
		}
	})
	if code == control.CodeOK && !any {
		t.say("No config updates to processes")
	}
	return code
}

// assignments takes NAME=VALUE words and the lines of env files out of args.
func (t *Tool) assignments(args []string) (rest, set []string, err error) {
	for i := 0; i < len(args); i++ {
		file, isFile := strings.CutPrefix(args[i], "--env-file=")
		switch {
		case args[i] == "--env-file" && i+1 < len(args):
			i++
			file, isFile = args[i], true
		case args[i] == "--env-file":
			return nil, nil, fmt.Errorf("--env-file takes the name of a file")
		}
		switch {
		case isFile:
			lines, err := environment.ReadFile(file, t.Environ)
			if err != nil {
				return nil, nil, err
			}
			set = append(set, lines...)
		case strings.Contains(args[i], "="):
			set = append(set, args[i])
		default:
			rest = append(rest, args[i])
		}
	}
	return rest, set, nil
}
