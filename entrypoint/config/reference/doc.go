// Package reference writes the list of all variables, and of what holds in one configuration, for people and
// programs: `percore env`, `percore check` and docs/configuration.md. What it says of a variable stands beside the
// variable, in package config.
package reference

//go:generate go run ./internal/gen ../../../docs/configuration.md
