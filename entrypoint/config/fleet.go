package config

import "percore/entrypoint/config/value"

// Fleet is what is set once for the fleet as a whole, in supervisord's vocabulary, and the program that it is about.
type Fleet struct {
	// `http`: the workers serve HTTP behind the front door; `none`: workers without a listener; `init`: no fleet,
	// one child with all that it was given, as `percore init` runs it
	Mode value.Mode `envconfig:"PERCORE_MODE" default:"http" example:"http" effect:"container"`

	// worker processes, when `PERCORE_WORKERS` is unset; removed from the environment of the workers, or each of
	// them would fork as many again
	WebConcurrency value.Count `envconfig:"WEB_CONCURRENCY" max:"1024" example:"4" effect:"scale"`

	Program // the fleet proper; PERCORE_PROGRAMS names others

	// how long a worker that is stopped or replaced may take to answer the requests that it has; new ones go to
	// the others, or wait where there are none
	DrainTimeout value.Duration `envconfig:"PERCORE_DRAIN_TIMEOUT" default:"30s" min:"0.001" example:"60" effect:"container"`

	// budget of the whole shutdown; keep it below what the platform grants between SIGTERM and SIGKILL
	//
	// Default: `9s`; `29s` on ECS and Kubernetes
	StopTimeout value.Duration `envconfig:"PERCORE_STOP_TIMEOUT" default:"9s" min:"1s" example:"25" effect:"container"`

	// how long connections are still accepted after SIGTERM, while not ready any more
	LameDuck value.Duration `envconfig:"PERCORE_LAME_DUCK" default:"0s" example:"5" effect:"container"`

	// when percore gives up, with the exit code of the worker that it is due to; `all-fatal`: all workers of the
	// fleet are FATAL or, with `PERCORE_AUTORESTART`, have ended for good; `any-fatal`: also when one worker of
	// any program is and, unless it cannot be run at all, no sibling serves; `first-exit`: when any process ends,
	// none is restarted
	ExitOn value.ExitOn `envconfig:"PERCORE_EXIT_ON" default:"all-fatal" example:"first-exit" effect:"container"`

	// command that is run, as the user of the workers, and waited for before anything else is started; when it
	// fails percore ends with its exit code
	Prestart value.Command `envconfig:"PERCORE_PRESTART" example:"python3 manage.py migrate" effect:"container"`

	// signals to percore that every worker gets, in place of what they mean to percore
	ForwardSignals value.Signals `envconfig:"PERCORE_FORWARD_SIGNALS" example:"USR1,WINCH" effect:"container"`

	// further programs to run, without traffic; `mailer` has the variables `PERCORE_MAILER_COMMAND` and so on, see
	// below
	Programs value.Names `envconfig:"PERCORE_PROGRAMS" example:"mailer,cron" effect:"container"`
}
