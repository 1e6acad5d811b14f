package output

// Kind is which of a worker's output streams.
type Kind uint8

// The output streams of a worker.
const (
	Stdout Kind = iota
	Stderr
	Kinds // how many there are
)

// String is the stream's usual name.
func (k Kind) String() string { return [Kinds]string{"stdout", "stderr"}[k] }

// lineBytesMax is the longest line that stays whole. Docker's log drivers cut at the same length.
const lineBytesMax = 16 << 10
