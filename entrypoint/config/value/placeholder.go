package value

import (
	"strings"

	"percore/entrypoint/config/suggest"
)

// SocketPlaceholder is the one that asks for a socket in place of a port.
const SocketPlaceholder = "{socket}"

// placeholders are what the fleet fills in, for each worker, anywhere in a command.
func placeholders() []string { return []string{"{port}", "{index}", "{name}", SocketPlaceholder} }

// AsksForSocket says whether a command has a place for the path of a socket.
func (c Command) AsksForSocket() bool {
	for _, word := range c.Words {
		if strings.Contains(word, SocketPlaceholder) {
			return true
		}
	}
	return false
}

// Slip finds the first word with something that was meant as a placeholder, and gives both; empty where there is none. A word
// that has a right one knows how they are spelt, and may have braces of its own.
func (c Command) Slip() (wrong, right string) {
	for _, word := range c.Words {
		if containsAny(word, placeholders()) {
			continue
		}
		for rest := word; ; {
			_, after, opened := strings.Cut(rest, "{")
			inner, _, closed := strings.Cut(after, "}")
			if !opened || !closed {
				break
			}
			inner = inner[strings.LastIndexByte(inner, '{')+1:]
			for _, p := range placeholders() {
				if suggest.Slips(inner, p[1:len(p)-1]) == 1 {
					return "{" + inner + "}", p
				}
			}
			rest = after
		}
	}
	return "", ""
}

func containsAny(text string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}
