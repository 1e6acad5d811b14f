package environment

import "strings"

// What the names of variables begin and end with.
const (
	Prefix     = "PERCORE_" // all that are percore's alone
	FileSuffix = "_FILE"    // the twin of each of them, which names a file with its value
)

// IsOurs reports whether a name, or an entry, begins as percore's do, whatever its case.
func IsOurs(name string) bool {
	return len(name) >= len(Prefix) && strings.EqualFold(name[:len(Prefix)], Prefix)
}

// ByteOrderMark is what some editors put before a file's first character (U+FEFF in UTF-8).
const ByteOrderMark = "\ufeff"

// Unquoted takes one pair of quotes off.
func Unquoted(value string) string {
	if n := len(value); n >= 2 && value[0] == value[n-1] && (value[0] == '"' || value[0] == '\'') {
		return value[1 : n-1]
	}
	return value
}
