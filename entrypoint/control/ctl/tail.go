package ctl

import (
	"strconv"
	"strings"

	"percore/entrypoint/control"
)

// supervisord's amounts, in bytes: of tail, and of the past that tail -f begins with.
const (
	tailBytes   = 1600
	followBytes = 1024
)

func (t *Tool) tail(args []string) int {
	r, wrong, help := parseTail(args)
	switch {
	case help:
		return t.usage("tail", control.CodeGeneric, wrong)
	case wrong != "":
		t.say("%s", wrong)
		return control.CodeGeneric
	}
	return t.stream(r)
}

// parseTail reads [-f|-N] NAME [stdout|stderr]; help says that the usage is to be shown with what is wrong.
func parseTail(args []string) (r control.Request, wrong string, help bool) {
	switch {
	case len(args) < 1:
		return r, "Error: too few arguments", true
	case len(args) > 3:
		return r, "Error: too many arguments", true
	}
	r = control.Request{Verb: control.VerbTail, Stream: "stdout", Bytes: tailBytes}
	modifier := ""
	if strings.HasPrefix(args[0], "-") {
		modifier, args = args[0], args[1:]
	}
	if len(args) == 0 {
		return r, "Error: tail requires process name", false
	}
	r.Names = args[:1]
	if len(args) > 1 {
		r.Stream = strings.ToLower(args[len(args)-1])
	}
	if r.Stream != "stdout" && r.Stream != "stderr" {
		return r, "Error: bad channel '" + r.Stream + "'", false
	}
	return r, modify(&r, modifier), false
}

func modify(r *control.Request, modifier string) (wrong string) {
	switch modifier {
	case "":
	case "-f":
		r.Follow, r.Bytes = true, followBytes
	default:
		n, err := strconv.Atoi(modifier[1:])
		if err != nil {
			return "Error: bad argument " + modifier
		}
		r.Bytes = n
	}
	return ""
}

// stream prints the bytes of the answer as they come, then ends the line, as supervisorctl does.
func (t *Tool) stream(r control.Request) int {
	if r.Follow {
		t.say("==> Press Ctrl-C to exit <==")
	}
	failed := false
	r.Comment = !t.Strict
	hint := ""
	code := t.call(r, func(f control.Frame) {
		if f.Text != "" && r.Comment {
			hint = f.Text
		}
		if f.Outcome != nil {
			failed = true
			f.Outcome.Group, f.Outcome.Name = r.Names[0], "" // as it was named
			t.outcome(f.Outcome)
		}
		if len(f.Data) > 0 {
			t.write(f.Data)
		}
	})
	switch {
	case hint != "":
		t.say("%s", hint)
	case code == control.CodeOK && !failed && !r.Follow:
		t.say("")
	}
	return code
}

// logsBytes is how much of each stream logs begins with: the most that PID 1 keeps of one without a file.
const logsBytes = 8 << 10

// logs shows both streams of all processes, or of those that are named.
func (t *Tool) logs(args []string) int {
	names, follow := withoutFlag(args, "-f")
	return t.call(control.Request{Verb: control.VerbLogs, Names: names, Follow: follow, Bytes: logsBytes},
		func(f control.Frame) {
			switch {
			case f.Outcome != nil:
				t.outcome(f.Outcome)
			case len(f.Data) > 0:
				t.write(f.Data)
			}
		})
}

// maintail would show the log of PID 1, which goes to the container's stderr and is kept nowhere.
func (t *Tool) maintail(args []string) int {
	switch {
	case len(args) > 1:
		return t.usage("maintail", control.CodeGeneric, "Error: too many arguments")
	case len(args) == 1 && !isCount(args[0]) && args[0] != "-f":
		t.say("Error: bad argument %s", args[0])
		return control.CodeGeneric
	}
	t.say("supervisord: ERROR (no log file)")
	return control.CodeGeneric
}

func isCount(arg string) bool {
	_, err := strconv.Atoi(strings.TrimPrefix(arg, "-"))
	return err == nil && strings.HasPrefix(arg, "-")
}

// foreground would connect the terminal to a worker's stdin. Workers have none: there are several behind one port.
func (t *Tool) foreground(args []string) int {
	switch len(args) {
	case 0:
		return t.usage("fg", control.CodeGeneric, "ERROR: no process name supplied")
	case 1:
	default:
		t.say("ERROR: too many process names supplied")
		return control.CodeGeneric
	}
	known := false
	t.call(control.Request{Verb: control.VerbStatus, Names: args}, func(f control.Frame) {
		known = known || f.Process != nil
	})
	if !known {
		t.say("ERROR: bad process name supplied")
		return control.CodeGeneric
	}
	t.say("ERROR: workers have no stdin to connect to; tail -f %s shows their output", args[0])
	return control.CodeGeneric
}
