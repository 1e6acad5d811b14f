package machine

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// CPUs says where things run: the proxy alone on one CPU, the load generator and the workers together on another.
// With a single usable CPU all share it, and the figures include each other's cache misses.
type CPUs struct {
	Proxy, Load int
}

// PlanCPUs shares out the CPUs that this process may use.
func PlanCPUs() (CPUs, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return CPUs{}, os.NewSyscallError("sched_getaffinity", err)
	}
	return planFrom(&set)
}

// planFrom gives the proxy the first usable CPU and the rest of the bench the last.
func planFrom(set *unix.CPUSet) (CPUs, error) {
	plan := CPUs{Proxy: -1}
	for cpu := 0; cpu < len(set)*64; cpu++ {
		if !set.IsSet(cpu) {
			continue
		}
		if plan.Proxy < 0 {
			plan.Proxy = cpu
		}
		plan.Load = cpu
	}
	if plan.Proxy < 0 {
		return CPUs{}, errors.New("plan cpus: the affinity set is empty")
	}
	return plan, nil
}

// AnyCPU stands for no confinement.
const AnyCPU = -1

// OnCPU runs f while the calling thread is confined to one CPU, so that a child that f starts is born there.
// The caller has locked its thread.
func OnCPU(cpu int, f func() error) error {
	if cpu == AnyCPU {
		return f()
	}
	var before, only unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return os.NewSyscallError("sched_getaffinity", err)
	}
	only.Set(cpu)
	if err := unix.SchedSetaffinity(0, &only); err != nil {
		return fmt.Errorf("pin to cpu %d: %w", cpu, os.NewSyscallError("sched_setaffinity", err))
	}
	err := f()
	return errors.Join(err, os.NewSyscallError("sched_setaffinity", unix.SchedSetaffinity(0, &before)))
}
