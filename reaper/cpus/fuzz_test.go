package cpus_test

import (
	"testing"
	"testing/fstest"

	"percore/reaper/cpus"
)

// FuzzUsable feeds the files that a container's runtime has a hand in.
func FuzzUsable(f *testing.F) {
	f.Add(mountV2, "0::/a/b\n", "50000 100000\n")
	f.Add(mountV1+mountV2, "4:cpu,cpuacct:/docker/4f5e\n0::/../../x\n", "max 100000\n")
	f.Add("30 23 0:26 /.. /\\040\\777 rw - cgroup2 cgroup rw\n", "0::\n", "9223372036854775807 1\n")
	f.Fuzz(func(t *testing.T, mountinfo, cgroup, cpuMax string) {
		fsys := fstest.MapFS{
			"proc/self/mountinfo":     {Data: []byte(mountinfo)},
			"proc/self/cgroup":        {Data: []byte(cgroup)},
			"sys/fs/cgroup/cpu.max":   {Data: []byte(cpuMax)},
			"sys/fs/cgroup/a/cpu.max": {Data: []byte(cpuMax)},
		}
		const affinity = 4
		if got := cpus.Usable(fsys, affinity); got.N < 1 || got.N > affinity || got.Why == "" {
			t.Errorf("Usable: got %+v, want 1 to %d with a reason", got, affinity)
		}
	})
}
