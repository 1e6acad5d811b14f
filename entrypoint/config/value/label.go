package value

import (
	"errors"
	"path"
	"strings"
)

// Label names a group or a worker: letters, digits, dot, dash and underscore, so that GROUP:NAME-PORT can be typed in
// a shell, split at its colon and used as a file name.
type Label string

// UnmarshalText takes a name as it is.
func (l *Label) UnmarshalText(text []byte) error {
	if len(text) == 0 || strings.ContainsFunc(string(text), notInLabel) {
		return errors.New("may have letters, digits, dots, dashes and underscores only")
	}
	*l = Label(text)
	return nil
}

// LabelOf names a program: its base name without a script's extension, with a dash for what a Label may not hold.
func LabelOf(program string) Label {
	base := path.Base(program)
	switch ext := path.Ext(base); ext {
	case base: // a hidden file has nothing before its dot
	case ".bash", ".bin", ".cgi", ".jar", ".js", ".lua", ".mjs", ".cjs", ".php", ".pl", ".py", ".rb", ".sh", ".ts":
		base = strings.TrimSuffix(base, ext)
	}
	return Label(strings.Map(func(c rune) rune {
		if notInLabel(c) {
			return '-'
		}
		return c
	}, base))
}

func notInLabel(c rune) bool {
	return !isLetter(c) && !isDigit(c) && c != '.' && c != '-' && c != '_'
}

func isLetter(c rune) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

func isDigit(c rune) bool { return '0' <= c && c <= '9' }

// Syntax is what UnmarshalText takes, in a few words.
func (Label) Syntax() string { return "name" }
