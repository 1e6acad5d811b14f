package config

import "percore/entrypoint/config/value"

// Operations is percore itself.
type Operations struct {
	// unix socket of `percore status` and the other commands, for root and the user of PID 1 alone; `@name` is an
	// abstract one, which needs no folder; `off` is none
	//
	// Default: `/run/percore.sock`, else a private place
	Control value.Control `envconfig:"PERCORE_CONTROL" example:"/tmp/percore.sock" effect:"container"`

	// least level of the messages of percore itself
	LogLevel value.LogLevel `envconfig:"PERCORE_LOGLEVEL" default:"info" example:"debug" effect:"container"`

	// format of these messages; `auto` is `text` on a terminal and `json` elsewhere
	LogFormat value.LogFormat `envconfig:"PERCORE_LOG_FORMAT" default:"auto" example:"json" effect:"container"`

	// whether an unknown name that starts with `PERCORE_` ends the start, or is a warning
	Strict value.Bool `envconfig:"PERCORE_STRICT" default:"true" example:"false" effect:"live"`
}
