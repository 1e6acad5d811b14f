// Package config reads percore's environment, and is the only package that does.
//
// Load turns an environment into a Config or into the list of everything that is wrong with it. Config's fields are the one
// source of every name, default, limit and description: Load, `percore env`, `percore check` and docs/configuration.md all
// come from them, so they cannot disagree.
//
// A field's comment is what users read of the variable, in Markdown; its last paragraph may begin with "Default:" and word a
// default that is worked out. `go generate ./entrypoint/config/...` makes prose.go and docs/configuration.md of it.
//
// The tags are: envconfig (the full name, never derived from the field's), default, example, min, max and secret; group stands
// where a group of variables is embedded.
package config

//go:generate go run ./internal/prose

// Config is the whole configuration of one percore, in the groups of the reference.
type Config struct {
	Fleet      `group:"fleet"`
	FrontDoor  `group:"front door"`
	InitMode   `group:"mode init"`
	Operations `group:"operations"`

	Further []*Further `ignored:"true"` // what Programs names

	taskMetadata string             // see TaskMetadata
	settings     map[string]Setting // by variable name: what did not come from a default tag
}
