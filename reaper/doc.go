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
package reaper
