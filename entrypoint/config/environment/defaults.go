package environment

import (
	"slices"
	"strings"
)

// WithDefaults returns environ with those assignments added whose names it does not set, or sets to nothing. A bare
// PORT counts as PERCORE_LISTEN.
func WithDefaults(environ []string, assignments ...string) []string {
	set := map[string]bool{}
	for _, entry := range environ {
		if name, value, _ := strings.Cut(entry, "="); value != "" {
			set[strings.TrimSuffix(name, FileSuffix)] = true
		}
	}
	set["PERCORE_LISTEN"] = set["PERCORE_LISTEN"] || set["PORT"]
	result := slices.Clone(environ)
	for _, a := range assignments {
		if name, _, _ := strings.Cut(a, "="); !set[name] {
			result = append(result, a)
		}
	}
	return result
}
