package config

// Source is where a value comes from.
type Source string

// The sources of values.
const (
	FromEnvironment    Source = "environment"     // the variable itself
	FromFile           Source = "file"            // the file that its _FILE twin names
	FromArguments      Source = "arguments"       // percore's command line
	FromCommand        Source = "command"         // after the worker's command
	FromFleet          Source = "fleet"           // a further program's, which takes over the fleet's
	FromPort           Source = "PORT"            // the bare variable
	FromWebConcurrency Source = "WEB_CONCURRENCY" // the bare variable
	FromSurroundings   Source = "detected"        // what percore runs as or on
	FromDefault        Source = "default"
)

// Setting is the value of one variable and where it comes from.
type Setting struct {
	Name   string `json:"name"`
	Value  string `json:"value,omitempty"` // in the form that it is read in, or a mask; empty when unset
	Source Source `json:"source"`
	Reason string `json:"reason,omitempty"` // the file, or what was detected; may be empty
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
