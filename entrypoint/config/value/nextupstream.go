package value

// NextUpstream is PERCORE_PROXY_NEXT_UPSTREAM: what sends a request on to another worker.
type NextUpstream string

// When another worker is tried.
const (
	NextUpstreamError NextUpstream = "error"
	NextUpstreamOff   NextUpstream = "off"
)

// Choices are the words that UnmarshalText takes.
func (NextUpstream) Choices() []string { return wordsOf(NextUpstreamError, NextUpstreamOff) }

// UnmarshalText reads one of Choices, in any case.
func (n *NextUpstream) UnmarshalText(text []byte) error { return choose(n, text, n.Choices()) }
