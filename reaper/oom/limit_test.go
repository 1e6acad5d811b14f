package oom_test

import (
	"testing"

	"percore/reaper/oom"
)

func TestTheLimitIsTheTightestThatIsVisible(t *testing.T) {
	const meminfo = "MemTotal:        8000000 kB\nMemFree: 1 kB\n"
	for name, c := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"v2": {map[string]string{
			"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": mountV2, "sys/fs/cgroup/memory.max": "67108864\n", "proc/meminfo": meminfo,
		}, 64 << 20},
		"v2 without a limit": {map[string]string{
			"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": mountV2, "sys/fs/cgroup/memory.max": "max\n", "proc/meminfo": meminfo,
		}, 8000000 << 10},
		"v1": {map[string]string{
			"proc/self/cgroup": "4:memory:/docker/abc\n", "proc/self/mountinfo": mountV1,
			"sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes": "134217728\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
		}, 128 << 20},
		"v1 without a limit, which is more than the machine has": {map[string]string{
			"proc/self/cgroup": "4:memory:/\n", "proc/self/mountinfo": mountV1, "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n", "proc/meminfo": meminfo,
		}, 8000000 << 10},
		"the tighter of two levels": {map[string]string{
			"proc/self/cgroup": "0::/inner\n", "proc/self/mountinfo": mountV2, "sys/fs/cgroup/inner/memory.max": "max\n", "sys/fs/cgroup/memory.max": "1000000\n",
		}, 1000000},
		"nothing to be read": {nil, 0},
		"nonsense": {map[string]string{
			"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": mountV2, "sys/fs/cgroup/memory.max": "-5\n", "proc/meminfo": "MemTotal: lots\n",
		}, 0},
	} {
		if got := oom.Limit(machine(c.files)); got != c.want {
			t.Errorf("%s: got %d, want %d", name, got, c.want)
		}
	}
}
