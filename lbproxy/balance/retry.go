package balance

// Rule reports whether a request whose try failed may be tried again, as far as what made it fail decides that.
type Rule uint8

// The rules.
const (
	NoRetry   Rule = iota
	RetryAny       // at another backend: no byte was sent yet, so any method may
	RetrySame      // once, on a fresh connection: idempotent and replayable only, or untouched
	RetryOne       // at one other backend at most, so that a request that crashes backends ends two, not all: idempotent and replayable only
)

// Try is what decides what becomes of a request whose try failed before the client had anything of a response
// (RFC 9110 section 9.2.2: a proxy never repeats by itself what is not safe to repeat).
type Try struct {
	Rule       Rule
	Untouched  bool // the backend has seen no byte of the request
	Repeatable bool // the request is here as a whole, and to repeat it is safe
	Others     bool // other backends may be tried
	UsedSame   bool // the one free repeat on the same backend is used up
	KeptHere   bool // and it was this backend that closed a kept connection
	Up         bool // the backend may be chosen still
	Known      bool // that the backend may have died of the request is noted already
	Suspect    bool // another may have died of it before
}

// Verdict is what becomes of a request whose try failed.
type Verdict uint8

// The verdicts.
const (
	Abort       Verdict = iota // it fails as its try did
	AbortClosed                // it fails: a kept connection closed as its backend died, perhaps of this request
	Same                       // it goes to the same backend, on a fresh connection
	Other                      // it goes to another backend
	Anew                       // it goes to any backend, as this one is gone
)

var verdictNames = [...]string{"abort", "abort: closed", "same", "other", "anew"}

// String returns the verdict in words.
func (v Verdict) String() string { return verdictNames[v] }

// Decide says what becomes of a request whose try failed, and whether its backend may have died of it.
func Decide(t Try) (v Verdict, suspicious bool) {
	rule := t.Rule
	if rule == RetryOne && t.Untouched {
		rule = RetryAny
	}
	blamed := t.Suspect && !t.Known // one death too many
	switch {
	case rule == RetrySame && !t.UsedSame && (t.Repeatable || t.Untouched):
		switch {
		case t.Up:
			return Same, false
		case !t.Others || blamed:
			return AbortClosed, false
		default:
			return Anew, !t.Known
		}
	case rule == NoRetry || !t.Others:
		return Abort, false
	case rule == RetryAny && t.KeptHere && blamed:
		return AbortClosed, false
	case rule == RetryAny:
		return Other, t.KeptHere && !t.Known
	case t.Repeatable && !t.Suspect:
		return Other, true
	default:
		return Abort, false
	}
}
