package config

import "percore/entrypoint/config/value"

// Fleet is what is set once for the fleet as a whole, in supervisord's vocabulary, and the program that it is about.
type Fleet struct {
	// How traffic reaches the workers. `http`: through the front door, as HTTP. `none`: not at all; percore
	// listens on nothing. `init`: there is no fleet; one child runs with all that it was given, as under `percore
	// init`.
	Mode value.Mode `envconfig:"PERCORE_MODE" default:"http" example:"http" effect:"container"`

	// Number of workers when `PERCORE_WORKERS` is unset. Workers do not see it: each of them would start as many
	// processes again.
	WebConcurrency value.Count `envconfig:"WEB_CONCURRENCY" max:"1024" example:"4" effect:"scale"`

	Program // the fleet proper; PERCORE_PROGRAMS names others

	// How long a worker that is stopped or replaced may take to answer the requests that it has. New requests go
	// to other workers, or wait where there are none.
	DrainTimeout value.Duration `envconfig:"PERCORE_DRAIN_TIMEOUT" default:"30s" min:"0.001" example:"60" effect:"container"`

	// How long the whole shutdown may take. Keep it below what the platform grants between SIGTERM and SIGKILL.
	//
	// Default: `9s`; `29s` on ECS and Kubernetes
	StopTimeout value.Duration `envconfig:"PERCORE_STOP_TIMEOUT" default:"9s" min:"1s" example:"25" effect:"container"`

	// How long connections are still accepted after SIGTERM, while percore is no longer ready.
	LameDuck value.Duration `envconfig:"PERCORE_LAME_DUCK" default:"0s" example:"5" effect:"container"`

	// When percore gives up, with the exit code of the worker that is the reason. `all-fatal`: all workers of the
	// fleet are FATAL or, with `PERCORE_AUTORESTART`, have ended for good. `any-fatal`: also when one worker of
	// any program is, unless another worker of that program serves; a worker that cannot be run at all is always a
	// reason. `first-exit`: any process has ended; none is started again. `never`: no worker is a reason.
	ExitOn value.ExitOn `envconfig:"PERCORE_EXIT_ON" default:"all-fatal" example:"first-exit" effect:"container"`

	// Command that runs, as the user of the workers, before anything else is started. percore waits for its end.
	// When it fails, percore ends with its exit code.
	Prestart value.Command `envconfig:"PERCORE_PRESTART" example:"python3 manage.py migrate" effect:"container"`

	// Signals to percore that every worker gets. They lose their meaning to percore.
	ForwardSignals value.Signals `envconfig:"PERCORE_FORWARD_SIGNALS" example:"USR1,WINCH" effect:"container"`

	// Further programs to run, which get no traffic. The variables of `mailer` are `PERCORE_MAILER_COMMAND` and so
	// on, see below.
	Programs value.Names `envconfig:"PERCORE_PROGRAMS" example:"mailer,cron" effect:"container"`
}
