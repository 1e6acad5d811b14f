package value

import "strings"

// Mode is PERCORE_MODE: how traffic reaches the workers.
type Mode string

// The modes.
const (
	ModeHTTP Mode = "http" // through the HTTP front door
	ModeNone Mode = "none" // not at all
	ModeInit Mode = "init" // there are none: one child, transparently
)

// Facts are what a mode decides. The rest of percore asks for one of them and never which mode it is, so that a new
// mode is a row of the table below; archtest finds comparisons with a mode elsewhere.
type Facts struct {
	Fleet     bool // there are workers; otherwise one child runs in its own right, and PID 1 is a pure init
	Listens   bool // the public listening sockets are opened, so there has to be something that answers
	FrontDoor bool // the process percore front runs, with the public listening sockets
	Proxies   bool // traffic is passed on to the workers, each of which listens at an address of its own
}

// modes has a row for each value of PERCORE_MODE.
var modes = map[Mode]Facts{
	ModeHTTP: {Fleet: true, Listens: true, FrontDoor: true, Proxies: true},
	ModeNone: {Fleet: true},
	ModeInit: {},
}

// Facts returns the row of m.
func (m Mode) Facts() Facts { return modes[m] }

// ModeOf reads a mode as config.Load does, whatever its white space and case.
func ModeOf(text string) (m Mode, known bool) {
	err := m.UnmarshalText([]byte(strings.TrimSpace(text)))
	return m, err == nil
}

// Choices are the words that UnmarshalText takes.
func (Mode) Choices() []string { return wordsOf(ModeHTTP, ModeNone, ModeInit) }

// UnmarshalText reads one of Choices, in any case.
func (m *Mode) UnmarshalText(text []byte) error { return choose(m, text, m.Choices()) }
