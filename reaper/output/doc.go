// Package output is the way from a worker's pipe to lines, log files and the end that is kept in memory. It knows
// nothing of the fleet: its caller opens a Stream for each of its outputs and gives the pipe's writer
// to the child.
//
//	pipe ─► Stream ─► lines, framed ─► Sink ─► percore's own stdout or stderr, a File that rotates, or nowhere
//	           └────► Tail: the last bytes and lines, for tail, logs and the words that explain an end
//
// A Stream belongs to the goroutine that runs Copy, and ends with the pipe. A Sink is shared by streams, which take
// turns: what the one has begun, the other does not cut. Sinks opens each place once; they stay open for life. A
// worker waits when its sink is slow; what a sink refuses is counted and dropped. Readers of a Tail or a File keep no
// writer waiting.
//
// Begin with stream.go, then sink.go. The directory of a log file may be a worker's, which must not choose what root
// makes, reads or owns: file.go opens by way of package names.
//
// Floors, top first:
//
//   - sinks, stream: the door
//   - sink, frame
//   - read, try, file, rotate: a log file
//   - crash, sentence: what explains an end
//   - tail, ring, kind: what is kept in memory
package output
