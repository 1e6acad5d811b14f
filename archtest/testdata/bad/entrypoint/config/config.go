// Package config may read the environment.
package config

import "os"

// Home is allowed.
func Home() string { return os.Getenv("HOME") }
