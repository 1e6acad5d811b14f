package environment

import (
	"fmt"
	"strings"
)

// NameOf is the name of an assignment.
func NameOf(assignment string) string {
	name, _, _ := strings.Cut(assignment, "=")
	return name
}

// CheckAssignment says what is wrong with a NAME=VALUE that an update asks for.
func CheckAssignment(assignment string) error {
	name, _, assigned := strings.Cut(assignment, "=")
	switch {
	case !assigned || !isName(name):
		return fmt.Errorf("set %q: not NAME=VALUE", name)
	case strings.ContainsRune(assignment, 0):
		return fmt.Errorf("set %s: holds a NUL byte", name)
	case IsPrivate(name) || isWorkers(name):
		return fmt.Errorf("set %s: it is percore's own", name)
	default:
		return nil
	}
}

// isName reports whether a shell takes the text for a variable's name (POSIX.1-2017, 3.235).
func isName(text string) bool {
	for i, c := range text {
		switch {
		case c == '_', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', i > 0 && '0' <= c && c <= '9':
		default:
			return false
		}
	}
	return text != ""
}

// Overlay is environ, in os.Environ's form, with the assignments in place of what it says of the same names.
func Overlay(environ, assignments []string) []string {
	set := map[string]string{}
	for _, a := range assignments {
		set[NameOf(a)] = a
	}
	var list []string
	for _, entry := range environ {
		if _, replaced := set[NameOf(entry)]; !replaced {
			list = append(list, entry)
		}
	}
	for _, a := range assignments {
		if entry, pending := set[NameOf(a)]; pending && entry != NameOf(a)+"=" {
			list = append(list, entry)
		}
		delete(set, NameOf(a))
	}
	return list
}
