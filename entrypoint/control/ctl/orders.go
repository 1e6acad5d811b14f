package ctl

import (
	"slices"
	"strconv"
	"strings"

	"percore/entrypoint/control"
)

func (t *Tool) start(args []string) int {
	if len(args) == 0 {
		return t.usage("start", control.CodeInvalid, "Error: start requires a process name")
	}
	return t.order(control.Request{Verb: control.VerbStart, Names: args})
}

func (t *Tool) stop(args []string) int {
	if len(args) == 0 {
		return t.usage("stop", control.CodeGeneric, "Error: stop requires a process name")
	}
	return t.order(control.Request{Verb: control.VerbStop, Names: args})
}

// restart replaces workers one after another; with --hard it stops them all and starts them again, as supervisord
// does.
func (t *Tool) restart(args []string) int {
	names, hard := args, false
	if !t.Strict {
		names, hard = withoutFlag(args, "--hard")
	}
	if len(names) == 0 {
		return t.usage("restart", control.CodeGeneric, "Error: restart requires a process name")
	}
	r := control.Request{Verb: control.VerbRestart, Names: names, Hard: hard}
	if t.Strict {
		return t.restartLikeSupervisord(r)
	}
	return t.order(r)
}

// restartLikeSupervisord prints what was started behind all that was stopped, wherever it came: scripts take the
// lines for those of a stop and a start.
func (t *Tool) restartLikeSupervisord(r control.Request) int {
	var started []*control.Outcome
	code := t.call(r, func(f control.Frame) {
		switch {
		case f.Outcome == nil:
		case f.Outcome.Did == "started":
			started = append(started, f.Outcome)
		default:
			t.outcome(f.Outcome)
		}
	})
	for _, o := range started {
		t.outcome(o)
	}
	return code
}

func (t *Tool) signal(args []string) int {
	if len(args) < 2 {
		return t.usage("signal", control.CodeGeneric, "Error: signal requires a signal name and a process name")
	}
	return t.order(control.Request{Verb: control.VerbSignal, Signal: args[0], Names: args[1:]})
}

func (t *Tool) drain(args []string) int {
	if len(args) == 0 {
		return t.usage("drain", control.CodeInvalid, "Error: drain requires a process name")
	}
	return t.order(control.Request{Verb: control.VerbDrain, Names: args})
}

func (t *Tool) undrain(args []string) int {
	if len(args) == 0 {
		return t.usage("undrain", control.CodeInvalid, "Error: undrain requires a process name")
	}
	return t.order(control.Request{Verb: control.VerbUndrain, Names: args})
}

// scale takes the number of workers, after the group where there is more than one.
func (t *Tool) scale(args []string) int {
	if len(args) == 0 || len(args) > 2 {
		return t.usage("scale", control.CodeInvalid, "Error: scale requires a number of workers")
	}
	count := args[len(args)-1]
	relative := strings.HasPrefix(count, "+") || strings.HasPrefix(count, "-")
	n, err := strconv.Atoi(count)
	if err != nil || n < 1 && !relative {
		return t.usage("scale", control.CodeInvalid, "Error: bad number of workers "+count)
	}
	return t.order(control.Request{Verb: control.VerbScale, Names: args[:len(args)-1], Count: n, Relative: relative})
}

func (t *Tool) clear(args []string) int {
	if len(args) == 0 {
		return t.usage("clear", control.CodeGeneric, "Error: clear requires a process name")
	}
	return t.order(control.Request{Verb: control.VerbClear, Names: args})
}

// order makes a request that is answered by outcomes.
func (t *Tool) order(r control.Request) int {
	r.Comment = !t.Strict
	return t.call(r, func(f control.Frame) {
		switch {
		case f.Outcome != nil:
			t.outcome(f.Outcome)
		case f.Text != "" && r.Comment:
			t.say("%s", f.Text)
		}
	})
}

// outcome prints supervisorctl's line for what became of one process.
func (t *Tool) outcome(o *control.Outcome) {
	name := o.Group
	if o.Name != "" {
		name = shortName(o.Group, o.Name)
	}
	switch {
	case o.Fault == "":
		t.say("%s: %s", name, o.Did)
	case o.Why != "" && !t.Strict:
		t.say("%s: ERROR (%s): %s", name, o.Fault, o.Why)
	default:
		t.say("%s: ERROR (%s)", name, o.Fault)
	}
}

// withoutFlag takes a flag out of args and reports whether it was there.
func withoutFlag(args []string, flag string) (rest []string, found bool) {
	rest = slices.DeleteFunc(slices.Clone(args), func(arg string) bool { return arg == flag })
	return rest, len(rest) < len(args)
}
