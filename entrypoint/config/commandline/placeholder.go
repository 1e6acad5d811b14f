package commandline

import (
	"slices"
	"strings"

	"percore/entrypoint/config/suggest"
)

// SocketPlaceholder is the one that asks for a socket in place of a port.
const SocketPlaceholder = "{socket}"

// placeholders are what the fleet fills in, for each worker, anywhere in a command.
func placeholders() []string { return []string{"{port}", "{index}", "{name}", SocketPlaceholder} }

// AsksForSocket reports whether a command has a place for the path of a socket.
func AsksForSocket(words []string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(word, SocketPlaceholder) })
}

// Slip finds the first word with something that was meant as a placeholder, and gives both; empty where there is
// none. A word that has a right one knows how they are spelt, and may have braces of its own.
func Slip(words []string) (wrong, right string) {
	for _, word := range words {
		if containsAny(word, placeholders()) {
			continue
		}
		if wrong, right = slipIn(word); wrong != "" {
			return wrong, right
		}
	}
	return "", ""
}

// slipIn looks into each pair of braces, of nested ones into the inner.
func slipIn(word string) (wrong, right string) {
	for {
		_, after, opened := strings.Cut(word, "{")
		inner, _, closed := strings.Cut(after, "}")
		if !opened || !closed {
			return "", ""
		}
		inner = inner[strings.LastIndexByte(inner, '{')+1:]
		for _, p := range placeholders() {
			if suggest.Slips(inner, p[1:len(p)-1]) == 1 {
				return "{" + inner + "}", p
			}
		}
		word = after
	}
}

func containsAny(text string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}
