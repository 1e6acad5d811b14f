package value

import (
	"errors"
	"strings"
)

// Control is where the control socket is: the path of a file, @ and a name in the kernel's abstract namespace, or off.
type Control string

// ControlOff is no control socket.
const ControlOff Control = "off"

// controlBytesMax is what fits into a socket's address, with its last NUL (man 7 unix, sun_path), less the pid that
// the file's name has for a moment.
const controlBytesMax = 107 - len(".4194304")

// UnmarshalText reads an absolute path, a name behind an @, or off.
func (c *Control) UnmarshalText(text []byte) error {
	place := string(text)
	switch {
	case strings.EqualFold(place, string(ControlOff)):
		place = string(ControlOff)
	case len(place) > controlBytesMax:
		return errors.New("is too long for a socket: at most 99 bytes")
	case strings.HasSuffix(place, "/"), place == "@", !strings.HasPrefix(place, "/") && !strings.HasPrefix(place, "@"):
		return errors.New("is neither an absolute path, nor @name, nor off")
	}
	*c = Control(place)
	return nil
}

// Syntax is what UnmarshalText takes, in a few words.
func (Control) Syntax() string { return "path, `@name` or `off`" }
