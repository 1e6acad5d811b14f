// Package config may read the environment.
package config

import (
	"os"

	"crooked/entrypoint/config/value"
)

// Home is allowed.
func Home() string { return os.Getenv("HOME") }

// Config has a mode, what the front door goes by, and what nothing does.
type Config struct {
	Mode value.Mode `envconfig:"PERCORE_MODE"`
	Idle string     `envconfig:"PERCORE_IDLE"`
	More
}

// More is embedded.
type More struct {
	Busy     string `envconfig:"PERCORE_BUSY"`
	Carried  string `envconfig:"PERCORE_CARRIED"`
	Chosen   string `envconfig:"PERCORE_CHOSEN"`
	Namesake string `envconfig:"PERCORE_NAMESAKE"`
	Set      string `envconfig:"PERCORE_SET"`
	Idle     string `envconfig:"PERCORE_IDLE_TOO"`
}

// Silent compares one with another.
func (c Config) Silent() bool { return c.Mode == value.ModeNone }
