package config

import (
	"percore/entrypoint/config/environment"
	"percore/entrypoint/config/value"
)

// ControlOf reads PERCORE_CONTROL, or the file that its _FILE twin names, and nothing else: control commands are to be
// quick, and work whatever else is in the environment. Unset is empty.
func ControlOf(environ []string) (value.Control, error) {
	given, err := environment.Take(environ).Find("PERCORE_CONTROL", false)
	if err != nil || given.Text == "" {
		return "", err
	}
	var c value.Control
	return c, c.UnmarshalText([]byte(given.Text))
}
