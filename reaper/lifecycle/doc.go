// Package lifecycle says what becomes of a worker, as pure functions and tables: nothing in it waits, forks or keeps
// anything. The fleet asks it and does what follows.
//
// Three questions have their answer here. What follows from an event in a State: Next, the transition table that
// docs/states.md prints. Was a death a failure, and was it one too many: Policy.Judge, which makes an Event of it and
// says how long the Backoff is. How far is the replacement of a worker: Stage.Next.
//
// Begin with transition.go.
//
// Floors, top first:
//
//   - policy, backoff: the judgement on a death
//   - transition, state: a worker
//   - stage: its maintenance
package lifecycle
