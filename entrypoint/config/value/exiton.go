package value

// ExitOn is PERCORE_EXIT_ON: when percore gives up by itself.
type ExitOn string

// When percore gives up.
const (
	ExitOnAllFatal  ExitOn = "all-fatal"  // no worker of the fleet proper is left that could serve
	ExitOnAnyFatal  ExitOn = "any-fatal"  // a worker of any program is FATAL, and no sibling serves
	ExitOnFirstExit ExitOn = "first-exit" // some worker has ended, in whichever way
	ExitOnNever     ExitOn = "never"
)

// Choices are the words that UnmarshalText takes.
func (ExitOn) Choices() []string {
	return wordsOf(ExitOnAllFatal, ExitOnAnyFatal, ExitOnFirstExit, ExitOnNever)
}

// UnmarshalText reads one of Choices, in any case.
func (e *ExitOn) UnmarshalText(text []byte) error { return choose(e, text, e.Choices()) }
