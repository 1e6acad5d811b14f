package config

import (
	"slices"

	"percore/entrypoint/config/environment"
	"percore/entrypoint/config/value"
)

// LoadInit is Load for mode init, whatever PERCORE_MODE says. PORT and WEB_CONCURRENCY are the child's there, and
// need not make sense to percore. Most containers set no variable of percore's at all in this mode; then there is
// nothing to load, which takes half of an init's time to start.
func LoadInit(environ []string, uid int) (*Config, []Warning, error) {
	if !slices.ContainsFunc(environ, isOurs) {
		return &Config{Fleet: Fleet{Mode: value.ModeInit}}, nil, nil
	}
	ours := slices.DeleteFunc(slices.Clone(environ), func(entry string) bool {
		switch environment.NameOf(entry) {
		case "PORT", "WEB_CONCURRENCY", "PERCORE_MODE", "PERCORE_MODE" + environment.FileSuffix:
			return true
		default:
			return false
		}
	})
	return Load(append(ours, "PERCORE_MODE="+string(value.ModeInit)), uid)
}

// isOurs reports whether Load might have something to say about an entry of the environment.
func isOurs(entry string) bool {
	return environment.IsOurs(entry) && entry != "PERCORE_MODE="+string(value.ModeInit)
}

// WantsInit reports whether an environment asks for mode init, with Load's idea of white space and case.
func WantsInit(environ []string) bool {
	mode, known := value.ModeOf(environment.Take(environ)["PERCORE_MODE"])
	return known && !mode.Facts().Fleet
}
