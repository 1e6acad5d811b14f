package handler

import (
	"errors"
	"strings"

	"percore/entrypoint/control"
	"percore/reaper/fleet"
)

// Outcome puts what became of an order for one process, in the fleet's terms, into those of the control socket.
// Every order goes through it, an update's too, so that one error has one word.
func Outcome(o fleet.Outcome) control.Outcome {
	group, name, _ := strings.Cut(o.Process, ":")
	told := control.Outcome{Group: group, Name: name, Did: o.Done}
	if o.Err != nil {
		told.Fault, told.Why = faultOf(o.Err)
	}
	return told
}

// faultOf is supervisorctl's word for an error of the fleet's, and what there is to say besides.
func faultOf(err error) (f control.Fault, why string) {
	for _, known := range []struct {
		err   error
		fault control.Fault
	}{
		{fleet.ErrNoProcess, control.NoSuchProcess},
		{fleet.ErrAlreadyStarted, control.AlreadyStarted},
		{fleet.ErrNotRunning, control.NotRunning},
		{fleet.ErrNoFile, control.NoSuchFile},
		{fleet.ErrNotExecutable, control.NotExecutable},
		{fleet.ErrSpawn, control.SpawnError},
		{fleet.ErrBusy, control.Busy},
		{fleet.ErrHalted, control.Halted},
	} {
		if errors.Is(err, known.err) {
			return known.fault, strings.TrimPrefix(strings.TrimPrefix(err.Error(), known.err.Error()), ": ")
		}
	}
	return control.Failed, err.Error()
}
