// Package fleet keeps workers running: it starts them, learns when they are ready, restarts the dead, gives up
// on the hopeless and stops everything inside one budget.
//
// A worker is a slot with a name and a port for life; the process in it is an incarnation and changes. Three
// facts about a slot are kept apart: what is wanted of it (up or down), where it is (the State), and whether its
// process is ready for traffic. Events change facts; the transition table (docs/states.md) says what follows.
//
// One goroutine, Run, owns all of it. Everybody else posts to its mailbox: the reaper that a child died, a probe
// that a worker answers, a timer that its time has come, the front door that an endpoint is drained. There is
// no tick: a fleet in which nothing happens does not wake up.
package fleet
