// Package fleet keeps workers running: it starts them, learns when they are ready, restarts the dead, gives up
// on the hopeless and stops everything inside one budget.
//
// A worker is a slot with a name and a port for life; the process in it is an incarnation and changes. Three
// facts about a slot are kept apart: what is wanted of it (up or down), where it is (the State), and whether its
// process is ready for traffic. Events change facts; the transition table (docs/states.md) says what follows.
//
// One goroutine, Run, owns all of it. All others post to its mailbox: the reaper that a child died, a probe
// that a worker answers, a timer that its time has come, the front door that an endpoint is drained. There is
// no tick: a fleet in which nothing happens does not wake up.
//
// Fleet is the door, and made of parts, each of which knows those below it: the course of the whole, from what is
// started first to the stop; orders, which users give; upkeep, which looks after workers that are ready;
// maintenance, with one queue for all that is done to workers while the fleet serves; the supervisor, which takes
// one worker through its life; the roster of workers and their pools. What becomes of a worker is decided in package
// lifecycle. Begin with settle in fleet.go, then apply in supervisor.go.
//
// Floors, top first:
//
//   - fleet, requests, logs, status: the door
//   - course, shutdown, outcome: the fleet as a whole
//   - orders: what users want
//   - notice, upkeep: workers that are ready
//   - update, roll, scale, maintenance, task, job: one queue for maintenance
//   - supervisor, death, canary, perform, spawn, readiness: one worker
//   - outputs, endpoint: what the outside gets of it
//   - roster, worker: which there are
//   - order, budget, base, options, program: what all use
package fleet
