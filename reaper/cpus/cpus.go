// Package cpus counts the CPUs that this container may keep busy: what `auto` means for workers and loops.
//
// The answer is max(1, min(affinity, ceil(tightest quota))), over every level of the cgroup tree that is visible from
// here. Not counted: CPU shares and weights (they are no limit). The limit of an ECS task sits on a cgroup above the
// container's root; TaskLimit asks for it, and AtMost counts it in.
package cpus

import (
	"fmt"
	"io/fs"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"percore/reaper/cgroup"
)

// Count is a number of usable CPUs with its explanation.
type Count struct {
	N   int    // usable CPUs, at least 1
	Why string // for the boot line, such as `cgroup v1 quota 0.5 rounded up; affinity 2`
}

// Usable counts the CPUs usable under an affinity (see Affinity) and the cgroup quotas found in fsys, which is the
// file system rooted at "/". It cannot fail: what is absent sets no limit, and what cannot be understood sets no
// limit either and is named in Why.
func Usable(fsys fs.FS, affinity int) Count {
	found := survey{fsys: fsys}
	found.walk()

	affinity = max(1, affinity)
	why := []string{fmt.Sprintf("affinity %d", affinity)}
	n := affinity
	switch tightest := found.tightest; {
	case tightest == nil:
		why = append(why, "no cgroup quota")
	case tightest.cpus() < affinity:
		n = tightest.cpus()
		why = []string{tightest.String(), why[0]}
	default:
		why = append(why, tightest.String())
	}
	return Count{N: n, Why: strings.Join(append(why, found.ignored...), "; ")}
}

// Affinity returns the number of CPUs that the calling thread may run on (man 2 sched_getaffinity), which is what
// taskset, a cpuset and `docker run --cpuset-cpus` change; at least 1.
func Affinity() int {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		// EINVAL: a kernel built for more than the 1024 CPUs that CPUSet holds. The runtime asked with a longer mask.
		return runtime.NumCPU()
	}
	return max(1, set.Count())
}

// Set lists the CPUs that Affinity counts, by their numbers; none where the kernel does not tell.
func Set() []int {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil
	}
	var list []int
	for cpu := 0; len(list) < set.Count(); cpu++ {
		if set.IsSet(cpu) {
			list = append(list, cpu)
		}
	}
	return list
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
