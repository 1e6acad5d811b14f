package control_test

import (
	"testing"

	"percore/entrypoint/control"
)

// The codes that supervisorctl 4.2.5 exits with; e2e/supervisorctl has them from the real one.
func TestTheExitCodeOfEachFault(t *testing.T) {
	verbs := []control.Verb{control.VerbStatus, control.VerbStart, control.VerbStop, control.VerbRestart, control.VerbSignal, control.VerbScale, control.VerbClear}
	for fault, want := range map[control.Fault][]int{
		//                      status start stop restart signal scale clear
		"":                     {0, 0, 0, 0, 0, 0, 0},
		control.NoSuchProcess:  {4, 1, 1, 1, 1, 1, 1},
		control.NoSuchGroup:    {4, 2, 1, 1, 1, 1, 1},
		control.NoSuchFile:     {4, 1, 1, 1, 1, 1, 1},
		control.NotExecutable:  {4, 1, 1, 1, 1, 1, 1},
		control.AlreadyStarted: {4, 0, 1, 1, 1, 1, 1},
		control.SpawnError:     {4, 7, 7, 7, 7, 7, 7},
		control.Abnormal:       {4, 7, 7, 7, 7, 7, 7},
		control.NotRunning:     {4, 7, 0, 7, 7, 7, 7},
		control.BadSignal:      {4, 1, 1, 1, 1, 1, 1},
		control.NoSuchName:     {4, 1, 1, 1, 1, 1, 1},
		control.Busy:           {4, 1, 1, 1, 1, 1, 1},
		control.Halted:         {4, 1, 1, 1, 1, 1, 1},
		control.Failed:         {4, 1, 1, 1, 1, 1, 1},
	} {
		for i, verb := range verbs {
			if got := fault.Code(verb); got != want[i] {
				t.Errorf("%s of %q: got code %d, want %d", verb, fault, got, want[i])
			}
		}
	}
}

func TestWhichRequestsChangeSomething(t *testing.T) {
	for verb, want := range map[control.Verb]bool{
		control.VerbStatus: false, control.VerbTail: false, control.VerbLogs: false, control.VerbPID: false,
		control.VerbReread: false, control.VerbCheck: false, control.VerbReady: false,
		control.VerbStart: true, control.VerbStop: true, control.VerbRestart: true, control.VerbSignal: true,
		control.VerbScale: true,
		control.VerbDrain: true, control.VerbUndrain: true, control.VerbUpdate: true, control.VerbShutdown: true,
		control.VerbClear: true,
		"dance":           true, // of a later client
	} {
		if got := (control.Request{Verb: verb}).Changes(); got != want {
			t.Errorf("%s: got %t, want %t", verb, got, want)
		}
		if got := (control.Request{Verb: verb, DryRun: true}).Changes(); got != (want && verb != control.VerbUpdate) {
			t.Errorf("%s as a trial: got %t", verb, got)
		}
	}
}
