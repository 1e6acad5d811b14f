package cpus

import (
	"fmt"
	"io/fs"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
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
