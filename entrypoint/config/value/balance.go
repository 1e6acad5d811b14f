package value

// Balance is PERCORE_BALANCE: which ready worker gets a request.
type Balance string

// The ways to balance, by nginx's names.
const (
	LeastConn  Balance = "least_conn"
	RoundRobin Balance = "round_robin"
	IPHash     Balance = "ip_hash"
	Random     Balance = "random"
)

// Choices are the words that UnmarshalText takes.
func (Balance) Choices() []string { return wordsOf(LeastConn, RoundRobin, IPHash, Random) }

// UnmarshalText reads one of Choices, in any case.
func (b *Balance) UnmarshalText(text []byte) error { return choose(b, text, b.Choices()) }
