package main

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// cpuPlan says where things run: the proxy alone on one CPU, the load generator and the workers together on another.
// With a single usable CPU all share it, and the figures include each other's cache misses.
type cpuPlan struct {
	proxy, load int
}

func planCPUs() (cpuPlan, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return cpuPlan{}, os.NewSyscallError("sched_getaffinity", err)
	}
	return planFrom(&set)
}

// planFrom gives the proxy the first usable CPU and the rest of the bench the last.
func planFrom(set *unix.CPUSet) (cpuPlan, error) {
	plan := cpuPlan{proxy: -1}
	for cpu := 0; cpu < len(set)*64; cpu++ {
		if !set.IsSet(cpu) {
			continue
		}
		if plan.proxy < 0 {
			plan.proxy = cpu
		}
		plan.load = cpu
	}
	if plan.proxy < 0 {
		return cpuPlan{}, errors.New("plan cpus: the affinity set is empty")
	}
	return plan, nil
}

// anyCPU stands for no confinement.
const anyCPU = -1

// onCPU runs f while the calling thread is confined to one CPU, so that a child that f starts is born there.
// The caller has locked its thread.
func onCPU(cpu int, f func() error) error {
	if cpu == anyCPU {
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
