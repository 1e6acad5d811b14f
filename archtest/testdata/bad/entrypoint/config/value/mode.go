// Package value has the types of variables.
package value

// Mode is text.
type Mode string

// The modes.
const (
	ModeHTTP Mode = "http"
	ModeNone Mode = "none"
)

// Listens may compare modes.
func (m Mode) Listens() bool { return m != ModeNone }

// ModeOf makes one of text.
func ModeOf(text string) (Mode, bool) { return Mode(text), text != "" }
