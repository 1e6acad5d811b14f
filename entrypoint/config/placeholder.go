package config

import (
	"strconv"

	"percore/entrypoint/config/commandline"
	"percore/entrypoint/config/value"
)

// bindAfterCommand has the workers listen where their command says: on a socket if that is what it has a place for.
func (p *Program) bindAfterCommand(variable string, isSet bool, settings map[string]Setting) {
	if !isSet && commandline.AsksForSocket(p.Command.Words) {
		p.Bind = value.BindUnix
		settings[variable] = Setting{Name: variable, Source: FromCommand, Reason: "it has " + commandline.SocketPlaceholder}
	}
}

// placeholderProblems are the slips in all commands, and paths of sockets that are not going to be made.
func (c *Config) placeholderProblems() []Problem {
	if !c.Mode.Facts().Fleet { // nothing is filled in
		return nil
	}
	list := c.Program.placeholderProblems(func(name string) string { return name })
	if wrong, right := commandline.Slip(c.Prestart.Words); wrong != "" {
		list = append(list, slipOf("PERCORE_PRESTART", wrong, right))
	}
	for _, f := range c.Further {
		list = append(list, f.placeholderProblems(f.Variable)...)
	}
	return list
}

func (p *Program) placeholderProblems(variable func(string) string) []Problem {
	var list []Problem
	if wrong, right := commandline.Slip(p.Command.Words); wrong != "" {
		list = append(list, slipOf(variable("PERCORE_COMMAND"), wrong, right))
	}
	if commandline.AsksForSocket(p.Command.Words) && p.Bind == value.BindTCP {
		name := variable("PERCORE_BIND")
		list = append(list, Problem{
			Name: name, Value: string(p.Bind), What: "contradicts the command, which has " + commandline.SocketPlaceholder,
			Mend: "unset " + name + ", or write {port} in the command",
		})
	}
	return list
}

func slipOf(name, wrong, right string) Problem {
	return Problem{
		Name: name, What: "has " + strconv.Quote(wrong) + ", which percore does not replace",
		Mend: "did you mean " + right + "? If not, PERCORE_STRICT=false leaves it as it is",
	}
}
