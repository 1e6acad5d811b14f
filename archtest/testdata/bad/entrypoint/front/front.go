// Package front reads the configuration, which PID 1 alone does.
package front

import "crooked/entrypoint/config"

// Run breaks a rule by its import.
func Run() string { return config.Home() }
