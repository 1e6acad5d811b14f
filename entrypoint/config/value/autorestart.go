package value

// Autorestart is PERCORE_AUTORESTART, with supervisord's values.
type Autorestart string

// When a worker that ended is started again.
const (
	RestartAlways     Autorestart = "true"
	RestartUnexpected Autorestart = "unexpected" // unless its code is one of PERCORE_EXITCODES
	RestartNever      Autorestart = "false"
)

// Choices are the words that UnmarshalText takes.
func (Autorestart) Choices() []string { return wordsOf(RestartAlways, RestartUnexpected, RestartNever) }

// UnmarshalText reads one of Choices, in any case.
func (a *Autorestart) UnmarshalText(text []byte) error { return choose(a, text, a.Choices()) }
