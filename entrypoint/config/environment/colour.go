package environment

import "strings"

// WantsColour reports whether a terminal may get colours: unless NO_COLOR is set (https://no-color.org) or TERM is
// dumb.
func WantsColour(environ []string) bool {
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if name == "NO_COLOR" && value != "" || name == "TERM" && value == "dumb" {
			return false
		}
	}
	return true
}
