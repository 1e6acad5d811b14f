package config

import (
	"strings"

	"percore/entrypoint/config/environment"
	"percore/entrypoint/config/value"
)

// strayMarks says what is wrong with a value that holds what belongs to the file which it was written in.
func strayMarks(v variable, text string) (what, bare string) {
	if bare, marked := strings.CutPrefix(text, environment.ByteOrderMark); marked {
		return "begins with a byte order mark: save the file as UTF-8 without one", bare
	}
	bare = environment.Unquoted(text)
	if bare == text {
		return "", ""
	}
	if c, is := v.field.Interface().(value.Command); is && (len(c.Words) != 1 || !strings.Contains(c.Words[0], " ")) {
		return "", "" // these quotes mean something
	}
	return "has quotes that are part of the value: an env file of docker run, and a list in a compose file, take none",
		bare
}
