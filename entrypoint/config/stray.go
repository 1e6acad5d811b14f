package config

import (
	"strings"

	"percore/entrypoint/config/value"
)

// byteOrderMark is what some editors put before a file's first character (U+FEFF in UTF-8).
const byteOrderMark = "\ufeff"

// strayMarks says what is wrong with a value that holds what belongs to the file which it was written in.
func strayMarks(v variable, text string) (what, bare string) {
	if bare, marked := strings.CutPrefix(text, byteOrderMark); marked {
		return "begins with a byte order mark: save the file as UTF-8 without one", bare
	}
	bare = unquoted(text)
	if bare == text {
		return "", ""
	}
	if c, is := v.field.Interface().(value.Command); is && (len(c.Words) != 1 || !strings.Contains(c.Words[0], " ")) {
		return "", "" // these quotes mean something
	}
	return "has its quotes as part of the value: an env file of docker run, and a list in a compose file, take none", bare
}

// unquoted takes one pair of quotes off.
func unquoted(value string) string {
	if n := len(value); n >= 2 && value[0] == value[n-1] && (value[0] == '"' || value[0] == '\'') {
		return value[1 : n-1]
	}
	return value
}

// dropLinks takes out what Docker's legacy links say of a container whose alias begins with percore: ALIAS_NAME, ALIAS_PORT, and
// what begins with ALIAS_PORT_ and ALIAS_ENV_. They are told by their values: no name of ours begins with a slash, and no port
// is a URL.
func (s snapshot) dropLinks() {
	var aliases []string
	for name, value := range s {
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		if alias, is := strings.CutSuffix(name, "_NAME"); is && strings.HasPrefix(value, "/") {
			aliases = append(aliases, alias)
			delete(s, name)
		}
		if alias, is := strings.CutSuffix(name, "_PORT"); is && isLinkURL(value) {
			aliases = append(aliases, alias)
			delete(s, name)
		}
	}
	for _, alias := range aliases {
		for name := range s {
			if strings.HasPrefix(name, alias+"_PORT_") || strings.HasPrefix(name, alias+"_ENV_") {
				delete(s, name)
			}
		}
	}
}

func isLinkURL(value string) bool {
	protocol, _, is := strings.Cut(value, "://")
	return is && (protocol == "tcp" || protocol == "udp" || protocol == "sctp")
}
