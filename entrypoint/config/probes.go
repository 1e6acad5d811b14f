package config

import "percore/entrypoint/config/value"

// Probes are how percore learns that a process can serve, and still can.
type Probes struct {
	// When a worker gets traffic. `tcp`: when its port accepts connections. `http:/path`: when the path answers
	// with 2xx or 3xx. `notify`: when it sends `READY=1` to `NOTIFY_SOCKET`, as sd_notify does. `none`: at once.
	Ready value.Ready `envconfig:"PERCORE_READY" default:"tcp" example:"http:/healthz" effect:"roll"`

	// How long a worker may take to become ready. One that takes longer has failed to start.
	ReadyTimeout value.Duration `envconfig:"PERCORE_READY_TIMEOUT" default:"60s" min:"0.001" example:"120" effect:"judged"`

	// How a worker that gets traffic is checked. `tcp`: its port has to accept connections, and the worker must
	// not be stopped (SIGSTOP); a port shows no other hang. `http:/path`: the path has to answer with 2xx or 3xx.
	// `notify`: the worker has to send `WATCHDOG=1` more often than every `PERCORE_HEALTH_INTERVAL` times
	// `PERCORE_HEALTH_FAILURES`, which it finds in `WATCHDOG_USEC`. A worker that fails is taken out of traffic
	// and replaced.
	//
	// Default: `none`
	Health value.Ready `envconfig:"PERCORE_HEALTH" example:"http:/healthz" effect:"roll"`

	// Time between two checks.
	HealthInterval value.Duration `envconfig:"PERCORE_HEALTH_INTERVAL" default:"5s" min:"0.01" example:"10" effect:"roll"`

	// How long a check may take. One that takes longer has failed.
	HealthTimeout value.Duration `envconfig:"PERCORE_HEALTH_TIMEOUT" default:"2s" min:"0.001" example:"5" effect:"roll"`

	// Failed checks in a row after which a worker is replaced.
	HealthFailures value.Int `envconfig:"PERCORE_HEALTH_FAILURES" default:"3" min:"1" max:"1000" example:"5" effect:"roll"`
}

// Recycling is when a process that works is replaced all the same.
type Recycling struct {
	// Requests after which a worker is replaced. Workers are replaced one at a time, and no request is lost. 0:
	// never.
	MaxRequests value.Int `envconfig:"PERCORE_MAX_REQUESTS" default:"0" min:"0" max:"1000000000" example:"10000" effect:"roll"`

	// Each worker may have up to this many requests more, by chance, so that not all are due at once.
	MaxRequestsJitter value.Int `envconfig:"PERCORE_MAX_REQUESTS_JITTER" default:"0" min:"0" max:"1000000000" example:"1000" effect:"roll"`

	// Age at which a worker is replaced. 0: never.
	MaxLifetime value.Duration `envconfig:"PERCORE_MAX_LIFETIME" default:"0s" example:"24h" effect:"roll"`

	// Resident memory beyond which a worker is replaced: its own and that of all processes below it, measured
	// every 2 seconds. 0: never.
	MaxRSS value.Size `envconfig:"PERCORE_MAX_RSS" default:"0" example:"512MB" effect:"roll"`
}
