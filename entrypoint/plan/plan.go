// Package plan is what a configuration comes to on this machine, before anything of it is done: how many workers and
// loops, whose users, which programs the fleet runs, and with which settings the front door serves. It starts
// nothing and leaves nothing open.
//
// Make counts and looks up. Programs and Prestart put the result into the terms of package fleet (programs.go, with
// terms.go for the parts of a program), FrontOptions into those of lbproxy (frontprogram.go, where carry.go carries
// each variable to the field of the same name). CheckRoom compares it with the limits of the container, and
// ChooseTempPath finds where the front door's user can hold bodies (temppath.go). An update makes a second plan and
// compares the two.
package plan

import (
	"errors"
	"time"

	"percore/entrypoint/config"
	"percore/entrypoint/config/environment"
	"percore/entrypoint/config/value"
	"percore/reaper"
	"percore/reaper/cpus"
)

// Plan is what a configuration comes to on this machine.
type Plan struct {
	CPUs    cpus.Count
	Workers int
	Loops   int
	Users   []*reaper.Credential // of the fleet proper, and of each further program; nil is percore's own
	Front   *reaper.Credential   // the front door's user; nil is percore's own
	Role    environment.Role     // of the workers: a user's programs, or ours

	on           machine
	memory       int64 // bytes that the container may use; 0: not known
	counter      counter
	killTree     value.Bool
	drainTimeout time.Duration
	notes        []string // what could not be done as configured by default, for the log
}

// workersPerLoop is how many interpreted workers one event loop can keep busy; what one loop knows is exact, so
// there are as few as possible.
const workersPerLoop = 8

// ErrNoCommand is a configuration without anything to run.
var ErrNoCommand = errors.New("no command: name the worker's command line as percore's arguments, as in percore " +
	"-- python3 main.py --port={port}, or in PERCORE_COMMAND")

// Make counts, looks up and checks all that the configuration leaves to the machine.
func Make(cfg *config.Config) (*Plan, error) { return makeOn(thisMachine(), cfg) }

func makeOn(m machine, cfg *config.Config) (*Plan, error) {
	facts := cfg.Mode.Facts()
	isOptional := facts.Fleet && !facts.Listens && len(cfg.Further) > 0
	if len(cfg.Command.Words) == 0 && !isOptional {
		return nil, ErrNoCommand
	}
	p := &Plan{
		on: m, counter: newCounter(cfg), memory: m.memory(),
		killTree: cfg.KillTree, drainTimeout: time.Duration(cfg.DrainTimeout),
	}
	p.CPUs = p.Recount()
	if p.counter.fault != "" {
		p.notes = append(p.notes, p.counter.fault)
	}
	p.Workers = cfg.Workers.Or(p.CPUs.N)
	p.Loops = cfg.Loops.Or((p.CPUs.N + workersPerLoop - 1) / workersPerLoop)
	if len(cfg.Command.Words) == 0 {
		p.Workers = 0
	}
	if err := cfg.CheckPorts(p.Workers); err != nil {
		return nil, err
	}
	if err := cfg.CheckProcesses(p.Workers); err != nil {
		return nil, err
	}
	if err := p.lookupUsers(cfg); err != nil {
		return nil, err
	}
	if !facts.FrontDoor {
		return p, nil
	}
	p.noteMemory()
	return p, p.chooseFront(cfg)
}
