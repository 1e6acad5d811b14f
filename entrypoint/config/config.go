// Package config reads percore's environment, and is the only package that does.
//
// Load turns an environment into a Config or into the list of everything that is wrong with it. The tags on Config's
// fields are the one source of every name, default, limit and description: Load, `percore env`, `percore check` and
// docs/configuration.md all come from them, so they cannot disagree.
//
// The tags are: envconfig (the full name, never derived from the field's), group, doc (with 'code' in single
// quotes), default, shown (how the reference words a default that is worked out), example, min, max and secret.
package config

// Config is the whole configuration of one percore, in the groups of the reference. A field's doc tag says what it means and in which unit.
type Config struct {
	Fleet      `group:"fleet"`
	FrontDoor  `group:"front door"`
	InitMode   `group:"mode init"`
	Operations `group:"operations"`

	Further []*Further `ignored:"true"` // what Programs names

	taskMetadata string             // see TaskMetadata
	settings     map[string]Setting // by variable name: what did not come from a default tag
}
