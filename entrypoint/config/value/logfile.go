package value

import (
	"errors"
	"strings"
)

// LogFile is where a stream of a worker goes: a path, perhaps with {name}, {index} or {port} in it, or LogNone. The
// empty LogFile is percore's own stream.
type LogFile string

// LogNone throws a stream away, as in supervisord.
const LogNone LogFile = "NONE"

// UnmarshalText reads a path, `NONE`, or `AUTO`, which is the same as nothing: the automatic place of a container's
// log is its stdout and stderr.
func (f *LogFile) UnmarshalText(text []byte) error {
	switch word := string(text); {
	case strings.EqualFold(word, "auto"):
		*f = ""
	case strings.EqualFold(word, string(LogNone)):
		*f = LogNone
	case strings.EqualFold(word, "syslog"):
		return errors.New("asks for syslog, which a container does not have: write a path, NONE or AUTO")
	case strings.Contains(word, "%("):
		return errors.New("has an expansion of supervisord: write {name}, {index} or {port} instead")
	case strings.HasSuffix(word, "/"):
		return errors.New("names a folder")
	default:
		*f = LogFile(word)
	}
	return nil
}

// Syntax is what UnmarshalText takes, in a few words.
func (LogFile) Syntax() string { return "path, `NONE` or `AUTO`" }

// LogPrefix is PERCORE_LOG_PREFIX: what each line of a worker's output gets around it.
type LogPrefix string

// The values of LogPrefix.
const (
	PrefixNone LogPrefix = "false"
	PrefixName LogPrefix = "true" // tornado-8000: line
	PrefixJSON LogPrefix = "json" // a JSON object a line
)

// UnmarshalText reads a boolean, or json.
func (p *LogPrefix) UnmarshalText(text []byte) error {
	if strings.EqualFold(string(text), string(PrefixJSON)) {
		*p = PrefixJSON
		return nil
	}
	var on Bool
	if on.UnmarshalText(text) != nil {
		return errors.New("is neither a boolean nor json")
	}
	*p = LogPrefix(on.String())
	return nil
}

// Syntax is what UnmarshalText takes, in a few words.
func (LogPrefix) Syntax() string { return "boolean or `json`" }
