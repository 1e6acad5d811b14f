//go:build race

package lbproxy

// raceDetector is whether the race detector runs, under which wrappers of system calls allocate.
const raceDetector = true
