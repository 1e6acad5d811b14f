// Package environment knows what an environment looks like: which names are percore's, which others have put there,
// what a _FILE name or an env file adds, and what of it all reaches a worker. It takes environments in os.Environ's
// form and knows no variable by its meaning: package config does.
//
// Floors, top first:
//
//   - envfile, defaults, assignment: environments that are changed or added to
//   - worker, role, colour: what processes are told by one
//   - names, snapshot, links, marks: what is in one
package environment
