// Package config may read the environment.
package config

import (
	"os"

	"crooked/entrypoint/config/value"
)

// Home is allowed.
func Home() string { return os.Getenv("HOME") }

// Config has a mode.
type Config struct{ Mode value.Mode }

// Silent compares one with another.
func (c Config) Silent() bool { return c.Mode == value.ModeNone }
