package value

// Bind is PERCORE_BIND: on what the workers listen.
type Bind string

// What workers listen on.
const (
	BindTCP  Bind = "tcp"
	BindUnix Bind = "unix"
)

// Choices are the words that UnmarshalText takes.
func (Bind) Choices() []string { return wordsOf(BindTCP, BindUnix) }

// UnmarshalText reads one of Choices, in any case.
func (b *Bind) UnmarshalText(text []byte) error { return choose(b, text, b.Choices()) }
