package value

import (
	"errors"
	"path"
	"strconv"
	"strings"
)

// TempPath is PERCORE_CLIENT_BODY_TEMP_PATH: the absolute path of a folder, or TempMemory. The empty TempPath is for
// the machine to choose.
type TempPath string

// TempMemory is for no folder: the files are in memory (man 2 memfd_create).
const TempMemory TempPath = "memory"

// UnmarshalText reads an absolute path, or `memory`.
func (p *TempPath) UnmarshalText(text []byte) error {
	switch folder := path.Clean(string(text)); {
	case strings.EqualFold(folder, string(TempMemory)):
		*p = TempMemory
	case !path.IsAbs(folder):
		return errors.New("is neither an absolute path nor memory")
	case hasLevels(folder):
		return errors.New("has the levels of nginx's folders behind it: write the path alone")
	default:
		*p = TempPath(folder)
	}
	return nil
}

// hasLevels reports whether text ends in numbers, as in nginx's client_body_temp_path /spool 1 2.
func hasLevels(text string) bool {
	last := text[strings.LastIndexByte(text, ' ')+1:]
	_, err := strconv.ParseUint(last, 10, 8)
	return err == nil && last != text
}

// Folder is the path, or empty for memory.
func (p TempPath) Folder() string {
	if p == TempMemory {
		return ""
	}
	return string(p)
}

// Syntax is what UnmarshalText takes, in a few words.
func (TempPath) Syntax() string { return "path or `memory`" }
