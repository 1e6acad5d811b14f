package config

import "percore/entrypoint/config/value"

// Operations is percore itself.
type Operations struct {
	// Unix socket of `percore status` and the other commands, for root and the user of PID 1 alone. `@name`: an
	// abstract socket, which needs no folder. `off`: none.
	//
	// Default: `/run/percore.sock`, else a private place
	Control value.Control `envconfig:"PERCORE_CONTROL" example:"/tmp/percore.sock" effect:"container"`

	// Lowest level of percore's own messages that is logged.
	LogLevel value.LogLevel `envconfig:"PERCORE_LOGLEVEL" default:"info" example:"debug" effect:"container"`

	// Format of these messages. `auto` is `text` on a terminal and `json` elsewhere.
	LogFormat value.LogFormat `envconfig:"PERCORE_LOG_FORMAT" default:"auto" example:"json" effect:"container"`

	// Whether an unknown name that starts with `PERCORE_` ends the start. Otherwise it is a warning.
	Strict value.Bool `envconfig:"PERCORE_STRICT" default:"true" example:"false" effect:"live"`
}
