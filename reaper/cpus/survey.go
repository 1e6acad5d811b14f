package cpus

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"percore/reaper/cgroup"
)

// survey reads every visible quota and keeps the tightest.
type survey struct {
	fsys     fs.FS
	tightest *quota   // nil: no limit seen
	ignored  []string // why something was left out of account
}

// walk visits this process's levels in each mounted CPU hierarchy: both, when v1 and v2 are mounted side by side
// (systemd's hybrid layout), because only one of them holds the CPU controller and the other has no such file.
func (s *survey) walk() {
	mounts, err := cgroup.Mounts(s.fsys, "cpu")
	if err != nil {
		s.ignore("proc/self/mountinfo", err)
		return
	}
	own, err := cgroup.Own(s.fsys, "cpu")
	if err != nil {
		// The mount points alone still show the container's own level in the usual container.
		s.ignore("proc/self/cgroup", err)
	}
	for _, m := range mounts {
		for depth, dir := range m.Levels(own) {
			s.visit(m.Version, dir, depth > 0)
		}
	}
}

// visit reads the quota of one level.
func (s *survey) visit(version cgroup.Version, dir string, inherits bool) {
	read := s.readV1
	if version == cgroup.V2 {
		read = s.readV2
	}
	q, err := read(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist): // a root level, a hierarchy without the CPU controller, or a hidden level
	case err != nil:
		s.ignore(dir, err)
	case q == nil: // no limit
	default:
		q.version, q.inherits = version, inherits
		if s.tightest == nil || q.tighter(*s.tightest) {
			s.tightest = q
		}
	}
}

func (s *survey) ignore(what string, err error) {
	s.ignored = append(s.ignored, fmt.Sprintf("ignored %s: %v", what, err))
}

// readV1 reads cpu.cfs_quota_us, -1 for none, and cpu.cfs_period_us (kernel Documentation/scheduler/sched-bwc.rst).
func (s *survey) readV1(dir string) (*quota, error) {
	runtime, err := cgroup.Number(s.fsys, path.Join(dir, "cpu.cfs_quota_us"))
	if err != nil || runtime < 0 {
		return nil, err
	}
	period, err := cgroup.Number(s.fsys, path.Join(dir, "cpu.cfs_period_us"))
	if err != nil {
		return nil, err
	}
	return newQuota(runtime, period)
}

// readV2 reads cpu.max, "max 100000" or "50000 100000" (kernel Documentation/admin-guide/cgroup-v2.rst).
func (s *survey) readV2(dir string) (*quota, error) {
	text, err := fs.ReadFile(s.fsys, path.Join(dir, "cpu.max"))
	if err != nil {
		return nil, err
	}
	fields := strings.Fields(string(text))
	if len(fields) != 2 {
		return nil, fmt.Errorf("cpu.max holds %d words, not 2", len(fields))
	}
	if fields[0] == "max" {
		return nil, nil
	}
	runtime, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		return nil, fmt.Errorf("parse cpu.max: %w", err)
	}
	period, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return nil, fmt.Errorf("parse cpu.max: %w", err)
	}
	return newQuota(runtime, period)
}

func newQuota(runtime, period int64) (*quota, error) {
	if runtime <= 0 || period <= 0 {
		return nil, fmt.Errorf("quota %d in a period of %d is no limit the kernel sets", runtime, period)
	}
	return &quota{runtime: runtime, period: period}, nil
}

// quota is a CFS bandwidth limit: runtime microseconds of CPU in each period, both above 0.
type quota struct {
	version  cgroup.Version
	runtime  int64
	period   int64
	inherits bool // set on a level above our own
}

// cpus rounds up, as nginx's image and the Go runtime do: a worker too many is throttled now and then, but a worker
// too few leaves a paid-for fraction of a CPU idle for ever.
func (q quota) cpus() int {
	return int((q.runtime-1)/q.period) + 1
}

// tighter compares by cross-multiplication done in floating point: quotas differ by far more than its error.
func (q quota) tighter(other quota) bool {
	return float64(q.runtime)*float64(other.period) < float64(other.runtime)*float64(q.period)
}

// String says the quota in CPUs, for example `cgroup v2 quota 1.5 rounded up`.
func (q quota) String() string {
	inCPUs := strconv.FormatFloat(float64(q.runtime)/float64(q.period), 'g', 4, 64)
	text := "cgroup " + q.version.String() + " quota " + inCPUs
	if q.inherits {
		text += " on a parent"
	}
	if q.runtime%q.period != 0 {
		text += " rounded up"
	}
	return text
}
