package plan

import (
	"syscall"
	"time"

	"percore/entrypoint/config"
	"percore/entrypoint/config/value"
	"percore/reaper/cpus"
	"percore/reaper/fleet"
	"percore/reaper/lifecycle"
	"percore/reaper/output"
	"percore/reaper/probe"
)

// health is how workers are looked after while they serve.
func health(p *config.Program) probe.Health {
	check := probe.Check{Kind: probe.None}
	if p.Health.Kind != "" {
		check = ready(p.Health)
	}
	return probe.Health{
		Check: check, Interval: time.Duration(p.HealthInterval), Timeout: time.Duration(p.HealthTimeout),
		Failures: int(p.HealthFailures),
	}
}

// limits is when workers are replaced though they are well.
func limits(p *config.Program) fleet.Limits {
	return fleet.Limits{
		Requests: uint64(p.MaxRequests), RequestsJitter: uint64(p.MaxRequestsJitter),
		Lifetime: time.Duration(p.MaxLifetime), RSS: int64(p.MaxRSS),
	}
}

func logFile(path value.LogFile, bytesMax value.Size, backups value.Int) output.LogFile {
	if path == value.LogNone {
		return output.LogFile{Path: output.None}
	}
	return output.LogFile{Path: string(path), BytesMax: int64(bytesMax), Backups: int(backups)}
}

func framing(p value.LogPrefix) output.Framing {
	switch p {
	case value.PrefixName:
		return output.FramePrefix
	case value.PrefixJSON:
		return output.FrameJSON
	case value.PrefixNone:
		return output.FrameNone
	default:
		return output.FrameNone
	}
}

func umask(u value.Umask) *int {
	if !u.Set {
		return nil
	}
	return &u.Bits
}

// pins are the CPUs that workers are pinned to, if they are.
func pins(wanted value.Bool) []int {
	if !wanted {
		return nil
	}
	return cpus.Set()
}

// SignalMap is m in the kernel's terms.
func SignalMap(m value.SignalMap) map[syscall.Signal]syscall.Signal {
	all := make(map[syscall.Signal]syscall.Signal, len(m))
	for from, to := range m {
		all[syscall.Signal(from)] = syscall.Signal(to)
	}
	return all
}

// ExitOn is e in the fleet's terms.
func ExitOn(e value.ExitOn) fleet.ExitOn {
	switch e {
	case value.ExitOnAnyFatal:
		return fleet.AnyFatal
	case value.ExitOnFirstExit:
		return fleet.FirstExit
	case value.ExitOnNever:
		return fleet.NeverExit
	case value.ExitOnAllFatal:
		return fleet.AllFatal
	default:
		return fleet.AllFatal
	}
}

func autorestart(a value.Autorestart) lifecycle.Autorestart {
	switch a {
	case value.RestartUnexpected:
		return lifecycle.Unexpected
	case value.RestartNever:
		return lifecycle.Never
	default:
		return lifecycle.Always
	}
}

func ready(r value.Ready) probe.Check {
	switch r.Kind {
	case value.ReadyHTTP:
		return probe.Check{Kind: probe.HTTP, Path: r.Path}
	case value.ReadyNotify:
		return probe.Check{Kind: probe.Notify}
	case value.ReadyNone:
		return probe.Check{Kind: probe.None}
	default:
		return probe.Check{Kind: probe.TCP}
	}
}
