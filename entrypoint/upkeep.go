package main

import (
	"time"

	"percore/entrypoint/config"
	"percore/reaper/fleet"
)

// health is how workers are looked after while they serve.
func health(p *config.Program) fleet.Health {
	check := fleet.Ready{Kind: fleet.ReadyNone}
	if p.Health.Kind != "" {
		check = ready(p.Health)
	}
	return fleet.Health{
		Check: check, Interval: time.Duration(p.HealthInterval), Timeout: time.Duration(p.HealthTimeout), Failures: int(p.HealthFailures),
	}
}

// limits is when workers are replaced though they are well.
func limits(p *config.Program) fleet.Limits {
	return fleet.Limits{
		Requests: uint64(p.MaxRequests), RequestsJitter: uint64(p.MaxRequestsJitter), Lifetime: time.Duration(p.MaxLifetime), RSS: int64(p.MaxRSS),
	}
}
