package plan

import (
	"fmt"
	"log/slog"
	"os"
	"time"

	"percore/entrypoint/config"
)

// Announce is the boot line: what was decided, and why.
func (p *Plan) Announce(log *slog.Logger, cfg *config.Config, version string) {
	attrs := []any{
		"version", version, "pid", os.Getpid(), "cpus", p.CPUs.N, "cpus_why", p.CPUs.Why, "mode", string(cfg.Mode),
		"workers", p.Workers, "command", cfg.Command.String(), "stop_timeout", time.Duration(cfg.StopTimeout).String(),
		"stop_timeout_why", cfg.Setting("PERCORE_STOP_TIMEOUT").Reason,
	}
	if len(cfg.Programs) > 0 {
		attrs = append(attrs, "programs", cfg.Programs.String())
	}
	if cfg.Mode.Facts().FrontDoor {
		attrs = append(attrs, "listen", cfg.Listen.String(), "loops", p.Loops, "memory_bytes", p.memory,
			"temp_path", tempPathOf(cfg), "forwarded_headers_trusted_from", trustedFrom(cfg))
	}
	log.Info("percore starts", attrs...)
	for _, note := range p.notes {
		log.Warn("degraded", "reason", note)
	}
}

// tempPathOf says where bodies are held, and so what they may fill: a disk or the container's memory.
func tempPathOf(cfg *config.Config) string {
	if !cfg.HoldsInFiles() {
		return "none"
	}
	return string(cfg.ClientBodyTempPath)
}

// Why says how many CPUs there are to use, and by what.
func (p *Plan) Why() string {
	if p.CPUs.N == 1 {
		return "1 CPU: " + p.CPUs.Why
	}
	return fmt.Sprintf("%d CPUs: %s", p.CPUs.N, p.CPUs.Why)
}

// trustedFrom says which peers' word about clients counts: when that is wrong, every client's address in a log is
// wrong.
func trustedFrom(cfg *config.Config) string {
	switch {
	case cfg.TrustedHops > 0:
		return "every peer, hops: " + cfg.TrustedHops.String()
	case cfg.TrustedProxies.IsEmpty():
		return "none"
	}
	return cfg.TrustedProxies.String()
}
