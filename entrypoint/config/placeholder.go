package config

import (
	"strconv"
	"strings"
)

// socketPlaceholder is the one that asks for a socket in place of a port.
const socketPlaceholder = "{socket}"

// placeholders are what the fleet fills in, for each worker, anywhere in a command.
func placeholders() []string { return []string{"{port}", "{index}", "{name}", socketPlaceholder} }

// asksForSocket says whether a command has a place for the path of a socket.
func (c Command) asksForSocket() bool {
	for _, word := range c.Words {
		if strings.Contains(word, socketPlaceholder) {
			return true
		}
	}
	return false
}

// slip finds the first word with something that was meant as a placeholder, and gives both; empty where there is none. A word
// that has a right one knows how they are spelt, and may have braces of its own.
func (c Command) slip() (wrong, right string) {
	for _, word := range c.Words {
		if containsAny(word, placeholders()) {
			continue
		}
		for rest := word; ; {
			_, after, opened := strings.Cut(rest, "{")
			inner, _, closed := strings.Cut(after, "}")
			if !opened || !closed {
				break
			}
			inner = inner[strings.LastIndexByte(inner, '{')+1:]
			for _, p := range placeholders() {
				if slips(inner, p[1:len(p)-1]) == 1 {
					return "{" + inner + "}", p
				}
			}
			rest = after
		}
	}
	return "", ""
}

func containsAny(text string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

// bindAfterCommand has the workers listen where their command says: on a socket if that is what it has a place for.
func (p *Program) bindAfterCommand(variable string, isSet bool, settings map[string]Setting) {
	if !isSet && p.Command.asksForSocket() {
		p.Bind = BindUnix
		settings[variable] = Setting{Name: variable, Source: FromCommand, Reason: "it has " + socketPlaceholder}
	}
}

// placeholderProblems are the slips in all commands, and sockets that nobody is going to make.
func (c *Config) placeholderProblems() []Problem {
	if !c.Mode.Facts().Fleet { // nothing is filled in
		return nil
	}
	list := c.Program.placeholderProblems(func(name string) string { return name })
	if wrong, right := c.Prestart.slip(); wrong != "" {
		list = append(list, slipOf("PERCORE_PRESTART", wrong, right))
	}
	for _, f := range c.Further {
		list = append(list, f.placeholderProblems(f.Variable)...)
	}
	return list
}

func (p *Program) placeholderProblems(variable func(string) string) []Problem {
	var list []Problem
	if wrong, right := p.Command.slip(); wrong != "" {
		list = append(list, slipOf(variable("PERCORE_COMMAND"), wrong, right))
	}
	if p.Command.asksForSocket() && p.Bind == BindTCP {
		name := variable("PERCORE_BIND")
		list = append(list, Problem{
			Name: name, Value: string(p.Bind), What: "contradicts the command, which has " + socketPlaceholder,
			Mend: "unset " + name + ", or write {port} in the command",
		})
	}
	return list
}

func slipOf(name, wrong, right string) Problem {
	return Problem{
		Name: name, What: "has " + strconv.Quote(wrong) + ", which nothing is filled in for",
		Mend: "did you mean " + right + "? If not, PERCORE_STRICT=false hands it on as it is",
	}
}
