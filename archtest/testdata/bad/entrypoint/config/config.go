// Package config may read the environment.
package config

import "os"

// Home is allowed.
func Home() string { return os.Getenv("HOME") }

// Config has a mode.
type Config struct{ Mode Mode }

// Mode is text.
type Mode string

// The modes.
const (
	ModeHTTP Mode = "http"
	ModeNone Mode = "none"
)

// Silent compares one with another.
func (m Mode) Silent() bool { return m == ModeNone }
