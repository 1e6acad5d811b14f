// Package single runs one child as if nothing were in between: what tini or dumb-init do, for mode init.
//
// One goroutine, on one thread, sleeps until a signal comes (package catch), hands it to the child, and reaps what
// has died. The child finds what percore was started with (package entry), and what percore ends with is what the
// child ended with.
package single
