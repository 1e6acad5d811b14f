package environment

import (
	"fmt"
	"os"
	"strings"
)

// ReadFile reads a file in the form of docker run's --env-file: NAME=VALUE lines, # comments, NAME alone for a value
// out of the environment, and perhaps a byte order mark before all.
func ReadFile(name string, environ []string) (set []string, err error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	for number, line := range strings.Split(strings.TrimPrefix(string(text), ByteOrderMark), "\n") {
		line = strings.TrimLeft(strings.TrimSuffix(line, "\r"), " \t")
		variable, _, assigned := strings.Cut(line, "=")
		switch {
		case line == "" || line[0] == '#':
		case strings.ContainsAny(variable, " \t") || variable == "":
			return nil, fmt.Errorf("read %s: line %d: %q is no name of a variable", name, number+1, variable)
		case assigned:
			set = append(set, line)
		default:
			set = append(set, assignmentOf(variable, environ)...)
		}
	}
	return set, nil
}

func assignmentOf(variable string, environ []string) []string {
	for _, entry := range environ {
		if strings.HasPrefix(entry, variable+"=") {
			return []string{entry}
		}
	}
	return nil
}
