// Package reaper is PID 1's kernel work: it is the only package that forks, waits and kills.
//
// One goroutine, locked to its thread for life, makes every fork, every kill and every wait4 call; only forks of what
// is to have no new privileges it has a second such thread make, and waits meanwhile (see confined). Three races end
// with that: a child that dies at once is registered before it can be reaped, a pid is never signalled after it was
// reaped (the number may already be another process's), and the parent-death signal is bound to a thread that does
// not go away while children live.
//
// Nothing here polls: SIGCHLD wakes the loop, and the loop drains wait4 until the kernel has no more to say,
// because SIGCHLD coalesces.
//
// Reaper owns the table of children, and the goroutine of Run owns Reaper; all others ask it by calls that wait for
// their answer. A Process is the caller's handle: it is told of the end once, by Spec.Exited. Begin with Run in
// reaper.go, then fork in spawn.go, then report in leftovers.go.
//
// The folders below are rooms of their own. What becomes of a worker: fleet, lifecycle. What a process says and what
// it is asked: output, notify, probe. Where it listens: ports, socket. What the container allows: cgroup, cpus, oom,
// room. Files that others have a hand in: names. Time: alarm. Signals from the first instruction on: entry, early,
// catch; and single, the whole of mode init.
//
// Floors, top first:
//
//   - reaper, process: the loop and its children
//   - leftovers: what a child leaves behind
//   - exec, shortage, spawn, heritage: a start
//   - family, lookpath, spawnerror, descriptors, fileids, credential, exit, signame: what these ask
package reaper
