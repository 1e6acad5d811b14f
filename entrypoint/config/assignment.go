package config

import (
	"fmt"
	"strings"
)

// nameOf is the name of an assignment.
func nameOf(assignment string) string {
	name, _, _ := strings.Cut(assignment, "=")
	return name
}

// CheckAssignment tells what is wrong with a NAME=VALUE that somebody asks for.
func CheckAssignment(assignment string) error {
	name, _, assigned := strings.Cut(assignment, "=")
	valid := name != "" && !isDigit(rune(name[0])) && !strings.ContainsFunc(name, func(c rune) bool {
		return !isLetter(c) && !isDigit(c) && c != '_'
	})
	switch {
	case !assigned || !valid:
		return fmt.Errorf("set %q: not NAME=VALUE", name)
	case strings.ContainsRune(assignment, 0):
		return fmt.Errorf("set %s: holds a NUL byte", name)
	case isPrivate(name) || isWorkers(name):
		return fmt.Errorf("set %s: it is percore's own", name)
	default:
		return nil
	}
}
