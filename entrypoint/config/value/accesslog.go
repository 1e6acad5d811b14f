package value

// AccessLog is PERCORE_ACCESS_LOG.
type AccessLog string

// The formats of the access log.
const (
	AccessLogOff      AccessLog = "off"
	AccessLogCombined AccessLog = "combined" // nginx's and Apache's
	AccessLogJSON     AccessLog = "json"
)

// Choices are the words that UnmarshalText takes.
func (AccessLog) Choices() []string { return wordsOf(AccessLogOff, AccessLogCombined, AccessLogJSON) }

// UnmarshalText reads one of Choices, in any case.
func (a *AccessLog) UnmarshalText(text []byte) error { return choose(a, text, a.Choices()) }
