// Package config reads percore's environment, and is the only package that does.
//
// Load turns an environment into a Config or into the list of everything that is wrong with it. Config's fields are
// the one source of every name, default, limit and description: Load, `percore env`, `percore check` and
// docs/configuration.md all come from them, so they cannot disagree.
//
// A field's comment is what users read of the variable, in Markdown. A paragraph that begins with "Default:" words a
// default that is worked out, and one that begins with "Fixed:" says why a change takes a new container, where that
// is not because PID 1 reads the variable when it starts. `go generate ./entrypoint/config/...` makes prose.go and
// docs/configuration.md of the comments.
//
// The tags are:
//   - envconfig: the full name, never derived from the field's;
//   - default, example, min and max, as values;
//   - effect: what a change takes while percore runs, see Effect;
//   - secret: "true" for a value that is never shown and reaches no worker;
//   - inherited: "true" where a further program has the fleet's value unless it has one of its own;
//   - group and process, where a group of variables is embedded: its heading in the reference, and the process of
//     percore's that goes by it, if that is not PID 1.
//
// A new variable is a field here, with its comment and tags, and the line that uses it: tests find one without a
// comment, without an effect, and, in archtest, one that nothing uses.
//
// Begin with Config and one of its groups, such as Logs, then read Load. The types of the variables are in value, what
// an environment looks like in environment, command lines in commandline, guesses at what was meant in suggest, and what
// is written of all this in reference.
//
// Floors, top first:
//
//   - loadinit, load, control: from an environment to a Config
//   - further, check, ports, placeholder: further programs, and contradictions
//   - difference: what two of them do not agree on
//   - remedy, loader, stray: from the tags of a struct to its values, and to what is wrong with them
//   - config, fleet, program, probes, logs, frontdoor, service, client, holding, accesslogs, initmode, operations: the
//     variables
//   - variable, effect, prose, setting, problem: what is known of one
package config

//go:generate go run ./internal/prose
