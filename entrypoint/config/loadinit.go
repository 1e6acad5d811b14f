package config

import (
	"slices"
	"strings"

	"percore/entrypoint/config/environment"
	"percore/entrypoint/config/value"
)

// LoadInit is Load for mode init, whatever PERCORE_MODE says. PORT and WEB_CONCURRENCY are the child's there, and need not
// make sense to percore. Most containers set no variable of percore's at all in this mode; then there is nothing to
// load, which takes half of an init's time to start.
func LoadInit(environ []string, uid int) (*Config, []Warning, error) {
	if !slices.ContainsFunc(environ, isOurs) {
		return &Config{Fleet: Fleet{Mode: value.ModeInit}}, nil, nil
	}
	ours := slices.DeleteFunc(slices.Clone(environ), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return name == "PORT" || name == "WEB_CONCURRENCY" || name == "PERCORE_MODE" || name == "PERCORE_MODE"+environment.FileSuffix
	})
	return Load(append(ours, "PERCORE_MODE="+string(value.ModeInit)), uid)
}

// isOurs knows the entries that Load might have something to say about.
func isOurs(entry string) bool {
	return len(entry) >= len(environment.Prefix) && strings.EqualFold(entry[:len(environment.Prefix)], environment.Prefix) && entry != environment.Prefix+"MODE="+string(value.ModeInit)
}

// WantsInit reports whether an environment asks for mode init, with Load's idea of white space and case.
func WantsInit(environ []string) bool {
	mode, known := value.ModeOf(environment.Take(environ)["PERCORE_MODE"])
	return known && !mode.Facts().Fleet
}
