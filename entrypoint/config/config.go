package config

// Config is the whole configuration of one percore, in the groups of the reference.
type Config struct {
	Fleet      `group:"fleet"`
	FrontDoor  `group:"front door" process:"front"`
	InitMode   `group:"mode init"`
	Operations `group:"operations"`

	Further []*Further `ignored:"true"` // what Programs names

	taskMetadata string             // see TaskMetadata
	settings     map[string]Setting // by variable name: what did not come from a default tag
}

// Reference lists every variable that percore reads, in the order of Config's fields.
func Reference() []Variable {
	var list []Variable
	for _, v := range variablesOf(new(Config)) {
		list = append(list, v.entry())
	}
	return list
}

// ProgramVariables lists the names, for the fleet proper, of the variables that each further program has, too.
func ProgramVariables() []string {
	var list []string
	for _, v := range variablesOf(new(Program)) {
		list = append(list, v.name)
	}
	return list
}

// Sources lists every variable with its effective value, in the order of the reference. Secret values are masked.
func (c *Config) Sources() []Setting {
	var list []Setting
	for _, v := range c.variables() {
		s := c.Setting(v.name)
		s.Value = v.shown(v.value())
		if s.Source == FromDefault && v.tags.Get("default") == "" && s.Reason == "" {
			s.Value = "" // the zero of a number is not its default
		}
		list = append(list, s)
	}
	return list
}

// variables are those of the configuration and of its further programs.
func (c *Config) variables() []variable {
	list := variablesOf(c)
	for _, f := range c.Further {
		list = append(list, f.variables()...)
	}
	return list
}

// TaskMetadata is where an ECS task is described, by its version 4 (ECS_CONTAINER_METADATA_URI_V4); empty elsewhere.
func (c *Config) TaskMetadata() string { return c.taskMetadata }

// Setting says where the value of the variable with this name comes from; its Value may be empty, see Sources.
func (c *Config) Setting(name string) Setting {
	if s, ok := c.settings[name]; ok {
		s.Value = ""
		return s
	}
	return Setting{Name: name, Source: FromDefault}
}

// IsSet reports whether the user chose the value of the variable with this name, by environment, file or arguments.
func (c *Config) IsSet(name string) bool {
	switch c.Setting(name).Source {
	case FromEnvironment, FromFile, FromArguments:
		return true
	case FromCommand, FromFleet, FromPort, FromWebConcurrency, FromSurroundings, FromDefault:
		return false
	default:
		return false
	}
}

// Secrets are the names of the variables whose values are never shown, and never handed to a worker.
func (c *Config) Secrets() []string { return secretsAmong(c.variables()) }

func secretsAmong(vars []variable) (names []string) {
	for _, v := range vars {
		if v.secret() {
			names = append(names, v.name)
		}
	}
	return names
}

// WorkersVariables are the names by which the environment says how many workers that program has; none for one that
// is not configured.
func (c *Config) WorkersVariables(group, name string) []string {
	for _, f := range c.Further {
		if string(f.Group) == group && string(f.Name) == name {
			return scalesAmong(f.variables())
		}
	}
	if string(c.Group) == group && string(c.Name) == name {
		return scalesAmong(variablesOf(c))
	}
	return nil
}

func scalesAmong(vars []variable) (names []string) {
	for _, v := range vars {
		if v.effect() == Scale {
			names = append(names, v.name)
		}
	}
	return names
}
