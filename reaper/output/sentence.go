package output

import (
	"slices"
	"strings"
)

// lastSentenceMax is as much of a line, in bytes, as is repeated in a sentence.
const lastSentenceMax = 300

// sounds reports whether a line tells why a program ends.
func sounds(line string) bool {
	line = strings.ToLower(line)
	return slices.ContainsFunc([]string{
		"error", "exception", "panic", "fatal", "cannot", "can't", "denied", "not found", "no such", "refused", "failed",
	}, func(word string) bool { return strings.Contains(line, word) })
}

// withoutEscapes is a line without what colours it: ESC, bracket, parameters, a letter (ECMA-48 section 5.4).
func withoutEscapes(line string) string {
	plain, rest, found := strings.Cut(line, "\x1b[")
	for found {
		end := strings.IndexFunc(rest, func(r rune) bool { return r >= '@' && r <= '~' })
		if end < 0 {
			break
		}
		var part string
		part, rest, found = strings.Cut(rest[end+1:], "\x1b[")
		plain += part
	}
	return plain
}

// LastSentence is the line that says most of why a program has ended: the last one that is not indented and sounds
// like it, as tracebacks end with it and frames of a stack follow it; else the last that says anything.
func LastSentence(lines []string) string {
	last := ""
	for _, line := range slices.Backward(lines) {
		line = strings.TrimRight(withoutEscapes(line), " \t\r")
		if last == "" {
			last = strings.TrimSpace(line)
		}
		if sounds(line) && line[0] != ' ' && line[0] != '\t' {
			last = line
			break
		}
	}
	if len(last) > lastSentenceMax {
		last = strings.ToValidUTF8(last[:lastSentenceMax], "") + "…"
	}
	return last
}
