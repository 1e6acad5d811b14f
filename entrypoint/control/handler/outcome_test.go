package handler

import (
	"errors"
	"fmt"
	"testing"

	"percore/entrypoint/control"
	"percore/reaper/fleet"
)

func TestEveryErrorOfTheFleetHasAWord(t *testing.T) {
	for err, want := range map[error]control.Outcome{
		nil:                     {Did: "started"},
		fleet.ErrNoProcess:      {Fault: control.NoSuchProcess},
		fleet.ErrAlreadyStarted: {Fault: control.AlreadyStarted},
		fleet.ErrNotRunning:     {Fault: control.NotRunning},
		fleet.ErrNoFile:         {Fault: control.NoSuchFile},
		fleet.ErrNotExecutable:  {Fault: control.NotExecutable},
		fleet.ErrSpawn:          {Fault: control.SpawnError},
		fleet.ErrBusy:           {Fault: control.Busy},
		fleet.ErrHalted:         {Fault: control.Halted},
		fleet.ErrOverruled:      {Fault: control.Failed, Why: fleet.ErrOverruled.Error()},
		fleet.ErrStopping:       {Fault: control.Failed, Why: fleet.ErrStopping.Error()},
		fleet.ErrRange:          {Fault: control.Failed, Why: fleet.ErrRange.Error()},
		fleet.ErrOwn:            {Fault: control.Failed, Why: fleet.ErrOwn.Error()},
		fleet.ErrPreparing:      {Fault: control.Failed, Why: fleet.ErrPreparing.Error()},
		errors.New("disk full"): {Fault: control.Failed, Why: "disk full"},
		fmt.Errorf("%w: it was not ready within 60s", fleet.ErrSpawn): {Fault: control.SpawnError, Why: "it was not ready within 60s"},
		fmt.Errorf("web-8001: %w", fleet.ErrHalted):                   {Fault: control.Halted, Why: "web-8001: rolling restart halted"},
	} {
		want.Group, want.Name, want.Did = "webs", "web-8000", "started"
		if got := Outcome(fleet.Outcome{Process: "webs:web-8000", Done: "started", Err: err}); got != want {
			t.Errorf("%v: got %+v, want %+v", err, got, want)
		}
	}
}

// A word of the fleet's that is new must not become "failed" by an oversight.
func TestTheWordsOfFaultsAreTheFleetsOwnWhereBothHaveOne(t *testing.T) {
	for _, err := range []error{fleet.ErrNoProcess, fleet.ErrAlreadyStarted, fleet.ErrNotRunning, fleet.ErrSpawn, fleet.ErrNoFile, fleet.ErrNotExecutable} {
		if fault, why := faultOf(err); string(fault) != err.Error() || why != "" {
			t.Errorf("%v: got %q and %q, want the same word and no more", err, fault, why)
		}
	}
}
