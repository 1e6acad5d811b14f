package config

import "percore/entrypoint/config/value"

// Probes are how percore learns that a process can serve, and still can.
type Probes struct {
	// when a worker gets traffic: `tcp`: its port accepts; `http:/path`: the path answers 2xx or 3xx; `notify`: it
	// sends `READY=1` to `NOTIFY_SOCKET`, as sd_notify does; `none`: at once
	Ready value.Ready `envconfig:"PERCORE_READY" default:"tcp" example:"http:/healthz" effect:"roll"`

	// a worker that is not ready in this time is a failed start
	ReadyTimeout value.Duration `envconfig:"PERCORE_READY_TIMEOUT" default:"60s" min:"0.001" example:"120" effect:"judged"`

	// how a worker that gets traffic is checked: `tcp`: its port accepts, and it is not stopped (SIGSTOP), which
	// is all that a port tells of a hang; `http:/path`: the path answers 2xx or 3xx; `notify`: it sends
	// `WATCHDOG=1` more often than every `PERCORE_HEALTH_INTERVAL` times `PERCORE_HEALTH_FAILURES`, which it finds
	// in `WATCHDOG_USEC`; one that fails is taken out of traffic and replaced
	//
	// Default: `none`
	Health value.Ready `envconfig:"PERCORE_HEALTH" example:"http:/healthz" effect:"roll"`

	// time between two checks
	HealthInterval value.Duration `envconfig:"PERCORE_HEALTH_INTERVAL" default:"5s" min:"0.01" example:"10" effect:"roll"`

	// a check that takes longer has failed
	HealthTimeout value.Duration `envconfig:"PERCORE_HEALTH_TIMEOUT" default:"2s" min:"0.001" example:"5" effect:"roll"`

	// failed checks in a row that are too many
	HealthFailures value.Int `envconfig:"PERCORE_HEALTH_FAILURES" default:"3" min:"1" max:"1000" example:"5" effect:"roll"`
}

// Recycling is when a process that works is replaced all the same.
type Recycling struct {
	// requests after which a worker is replaced, one worker at a time and without losing a request; 0: never
	MaxRequests value.Int `envconfig:"PERCORE_MAX_REQUESTS" default:"0" min:"0" max:"1000000000" example:"10000" effect:"roll"`

	// up to this many requests more, by chance, so that not all workers are due at once
	MaxRequestsJitter value.Int `envconfig:"PERCORE_MAX_REQUESTS_JITTER" default:"0" min:"0" max:"1000000000" example:"1000" effect:"roll"`

	// age at which a worker is replaced; 0: never
	MaxLifetime value.Duration `envconfig:"PERCORE_MAX_LIFETIME" default:"0s" example:"24h" effect:"roll"`

	// resident memory of a worker and all processes below it beyond which it is replaced; looked at every 2
	// seconds; 0: never
	MaxRSS value.Size `envconfig:"PERCORE_MAX_RSS" default:"0" example:"512MB" effect:"roll"`
}
