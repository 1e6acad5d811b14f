// Package output is percore's own stdout and stderr, which may be closed, full, broken, slow or a terminal that
// stops the process that writes to it. PID 1 must neither end nor wait nor spin for any of that.
//
// File writes what is not percore's own, such as a worker's output, and waits as long as it takes. Queue writes
// percore's own lines, and never waits: what does not fit is counted and dropped. NewLog makes the log that writes
// to it, in one of the styles; the same for PID 1 and the front door.
package output
