package value

// ExitOn is PERCORE_EXIT_ON: when percore gives up by itself.
type ExitOn string

// When percore gives up.
const (
	ExitOnAllFatal  ExitOn = "all-fatal"  // no worker of the fleet proper is left that could serve
	ExitOnAnyFatal  ExitOn = "any-fatal"  // some worker, of whichever program, is FATAL and no sibling serves that could bring it back
	ExitOnFirstExit ExitOn = "first-exit" // some worker has ended, in whichever way
	ExitOnNever     ExitOn = "never"
)
