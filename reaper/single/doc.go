// Package single runs one child as if nothing were in between: what tini or dumb-init do, for mode init.
//
// One goroutine, on one thread, sleeps until a signal comes (package catch), hands it to the child, and reaps what
// has died. The child finds what percore was started with (package entry), and what percore ends with is what the
// child ended with.
//
// Begin with Run in single.go. A runner belongs to that goroutine alone, and lives as long as percore.
//
// Floors, top first:
//
//   - single: the loop
//   - deliver: a signal on its way
//   - job, leave: the stop of a job, and the end
//   - start, shim, inherited: the child's beginning
//   - runner, terminal: what all use
package single
