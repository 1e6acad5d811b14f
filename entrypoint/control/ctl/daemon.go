package ctl

import (
	"errors"
	"strings"
	"syscall"

	"percore/entrypoint/control"
)

// compatible is the version of supervisor that this command line is made after; scripts compare it.
const compatible = "4.2.5"

func (t *Tool) version(args []string) int {
	if len(args) > 0 {
		return t.usage("version", control.CodeGeneric, "Error: version accepts no arguments")
	}
	t.say(compatible)
	return control.CodeOK
}

func (t *Tool) shutdown(args []string) int {
	if len(args) > 0 {
		return t.usage("shutdown", control.CodeGeneric, "Error: shutdown accepts no arguments")
	}
	switch err := t.connect(); {
	case errors.Is(err, syscall.ENOENT):
		t.say("ERROR: %s no such file (already shut down?)", t.url())
		return control.CodeGeneric
	case errors.Is(err, syscall.ECONNREFUSED):
		t.say("ERROR: %s refused connection (already shut down?)", t.url())
		return control.CodeGeneric
	}
	return t.lines(control.Request{Verb: control.VerbShutdown})
}

// reload is supervisord's way to begin anew; ours is to replace every worker, one after another.
func (t *Tool) reload(args []string) int {
	if len(args) > 0 {
		return t.usage("reload", control.CodeGeneric, "Error: reload accepts no arguments")
	}
	code := t.call(control.Request{Verb: control.VerbRestart, Names: []string{"all"}}, func(control.Frame) {})
	if code == control.CodeOK {
		t.say("Restarted supervisord")
	}
	return code
}

func (t *Tool) avail(args []string) int {
	if len(args) > 0 {
		return t.usage("avail", control.CodeGeneric, "Error: avail accepts no arguments")
	}
	if code := t.dial(); code != control.CodeOK {
		return code
	}
	t.call(control.Request{Verb: control.VerbStatus}, func(f control.Frame) {
		if p := f.Process; p != nil {
			t.say("%-32s %-9s %-9s %d:%d", shortName(p.Group, p.Name), "in use", "auto", p.Priority, p.Priority)
		}
	})
	return control.CodeOK // whatever is down
}

// groups finds out which groups there are.
func (t *Tool) groups() (known map[string]bool, code int) {
	known = map[string]bool{}
	if code := t.dial(); code != 0 {
		return nil, code
	}
	t.call(control.Request{Verb: control.VerbStatus}, func(f control.Frame) {
		if f.Process != nil {
			known[f.Process.Group] = true
		}
	})
	return known, control.CodeOK
}

// add has nothing to add: what is configured runs.
func (t *Tool) add(args []string) int {
	known, code := t.groups()
	for _, name := range args {
		if known[name] {
			t.say("ERROR: process group already active")
		} else if known != nil {
			t.say("ERROR: no such process/group: %s", name)
			code = control.CodeGeneric
		}
	}
	return code
}

// remove cannot take a group out of a configuration that has it.
func (t *Tool) remove(args []string) int {
	known, code := t.groups()
	for _, name := range args {
		if known == nil {
			break
		}
		code = control.CodeGeneric
		if known[name] {
			t.say("ERROR: process/group still running: %s", name)
		} else {
			t.say("ERROR: no such process/group: %s", name)
		}
	}
	return code
}

func (t *Tool) open(args []string) int {
	path, ok := strings.CutPrefix(strings.Join(args, " "), "unix://")
	if !ok {
		t.say("ERROR: url must be http:// or unix://")
		return control.CodeGeneric
	}
	t.Place = control.Place(path)
	t.status(nil)
	return control.CodeOK
}

func (t *Tool) showHelp(args []string) int {
	if len(args) == 0 {
		t.say("%s", helpTopics)
		if !t.Strict {
			t.say("%s", helpOwnTopics)
		}
		return control.CodeOK
	}
	topic := strings.Join(args, " ")
	c, known := commands()[topic]
	if !known || t.Strict && c.ours {
		t.say("*** No help on %s", topic)
		return control.CodeOK
	}
	t.say("%s", c.help)
	return control.CodeOK
}

func (t *Tool) quit([]string) int {
	t.say("")
	return control.CodeOK
}
