package config

import "percore/entrypoint/config/value"

// InitMode is what one child without a fleet has, in tini's and dumb-init's place.
type InitMode struct {
	// Exit codes of the child that become others, as `from:to`.
	ExitRemap value.ExitRemap `envconfig:"PERCORE_EXIT_REMAP" example:"143:0" effect:"container"`

	// Whether signals go to the whole process group of the child.
	SignalGroup value.Bool `envconfig:"PERCORE_SIGNAL_GROUP" default:"false" example:"true" effect:"container"`

	// Whether signals go to every process below percore, whatever its group or session. In a fleet this holds for
	// SIGKILL, which reaches all that a worker has started anyway.
	KillTree value.Bool `envconfig:"PERCORE_KILL_TREE" default:"false" example:"true" effect:"container"`

	// Whether the other processes are waited for when the child has ended. They get SIGTERM, and SIGKILL when
	// `PERCORE_STOP_TIMEOUT` is over. Otherwise percore ends at once.
	WaitAll value.Bool `envconfig:"PERCORE_WAIT_ALL" default:"false" example:"true" effect:"container"`

	// Signal that the child gets when percore dies.
	Pdeathsig value.Signal `envconfig:"PERCORE_PDEATHSIG" example:"TERM" effect:"container"`
}
