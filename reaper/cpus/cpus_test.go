package cpus_test

import (
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/sys/unix"

	"percore/reaper/cpus"
)

const (
	mountV2     = "30 23 0:26 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw,nsdelegate\n"
	mountV1     = "35 32 0:31 / /sys/fs/cgroup/cpu,cpuacct ro,nosuid,nodev,noexec,relatime master:15 - cgroup cgroup rw,cpu,cpuacct\n"
	mountV1Bare = "31 30 0:28 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n32 30 0:29 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct\n"
	otherMounts = "21 26 0:20 / /proc rw,relatime - proc proc rw\n33 30 0:30 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset\n"
)

// tree makes the file system of a container: mountinfo, /proc/self/cgroup, and pairs of file name and content.
func tree(mountinfo, cgroup string, files ...string) fstest.MapFS {
	fsys := fstest.MapFS{
		"proc/self/mountinfo": {Data: []byte(otherMounts + mountinfo)},
		"proc/self/cgroup":    {Data: []byte(cgroup)},
	}
	for i := 0; i < len(files); i += 2 {
		fsys[files[i]] = &fstest.MapFile{Data: []byte(files[i+1] + "\n")}
	}
	return fsys
}

// v1Files are the two quota files of a directory below /sys/fs/cgroup.
func v1Files(dir, quota, period string) []string {
	return []string{
		"sys/fs/cgroup/" + dir + "/cpu.cfs_quota_us", quota,
		"sys/fs/cgroup/" + dir + "/cpu.cfs_period_us", period,
	}
}

type usableCase struct {
	name     string
	fsys     fstest.MapFS
	affinity int
	n        int
	why      string
}

func checkUsable(t *testing.T, cases []usableCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := cpus.Usable(c.fsys, c.affinity)
			if want := (cpus.Count{N: c.n, Why: c.why}); got != want {
				t.Errorf("Usable(affinity %d)\n got %+v\nwant %+v", c.affinity, got, want)
			}
		})
	}
}

func TestUsableUnderV2(t *testing.T) {
	leaf := "sys/fs/cgroup/cpu.max"
	checkUsable(t, []usableCase{
		{
			"max at the leaf is no limit",
			tree(mountV2, "0::/\n", leaf, "max 100000"), 4, 4, "affinity 4; no cgroup quota",
		},
		{
			"half a CPU is rounded up to one",
			tree(mountV2, "0::/\n", leaf, "50000 100000"), 4, 1, "cgroup v2 quota 0.5 rounded up; affinity 4",
		},
		{
			"one and a half is rounded up to two",
			tree(mountV2, "0::/\n", leaf, "150000 100000"), 8, 2, "cgroup v2 quota 1.5 rounded up; affinity 8",
		},
		{
			"a whole quota is not said to be rounded",
			tree(mountV2, "0::/\n", leaf, "300000 100000"), 8, 3, "cgroup v2 quota 3; affinity 8",
		},
		{
			"a quota above the affinity changes nothing",
			tree(mountV2, "0::/\n", leaf, "800000 100000"), 2, 2, "affinity 2; cgroup v2 quota 8",
		},
		{
			"a period other than the default counts",
			tree(mountV2, "0::/\n", leaf, "50000 20000"), 8, 3, "cgroup v2 quota 2.5 rounded up; affinity 8",
		},
		{
			"a quota at the parent binds a leaf that has none",
			tree(mountV2, "0::/app.slice/web.scope\n",
				"sys/fs/cgroup/app.slice/web.scope/cpu.max", "max 100000",
				"sys/fs/cgroup/app.slice/cpu.max", "150000 100000"),
			8, 2, "cgroup v2 quota 1.5 on a parent rounded up; affinity 8",
		},
		{
			"of nested levels the tightest wins",
			tree(mountV2, "0::/a/b/c\n",
				"sys/fs/cgroup/a/b/c/cpu.max", "400000 100000",
				"sys/fs/cgroup/a/b/cpu.max", "20000 10000",
				"sys/fs/cgroup/a/cpu.max", "300000 100000"),
			8, 2, "cgroup v2 quota 2 on a parent; affinity 8",
		},
		{
			"a quota beside our own path does not bind us",
			tree(mountV2, "0::/ours\n", "sys/fs/cgroup/theirs/cpu.max", "50000 100000"),
			4, 4, "affinity 4; no cgroup quota",
		},
		{
			"a path outside the cgroup namespace falls back to the mount point",
			tree(mountV2, "0::/../../other\n", leaf, "100000 100000"), 4, 1, "cgroup v2 quota 1; affinity 4",
		},
		{
			"a mount point with an escaped space is found",
			tree("30 23 0:26 / /my\\040cgroup rw - cgroup2 cgroup rw\n", "0::/\n", "my cgroup/cpu.max", "100000 100000"),
			4, 1, "cgroup v2 quota 1; affinity 4",
		},
	})
}

func TestUsableUnderV1(t *testing.T) {
	inHostNamespace := strings.Replace(mountV1, "0:31 / ", "0:31 /docker/4f5e ", 1)
	checkUsable(t, []usableCase{
		{
			"minus one is no limit",
			tree(mountV1, "4:cpu,cpuacct:/\n", v1Files("cpu,cpuacct", "-1", "100000")...), 2, 2, "affinity 2; no cgroup quota",
		},
		{
			"half a CPU is rounded up to one",
			tree(mountV1, "4:cpu,cpuacct:/\n", v1Files("cpu,cpuacct", "50000", "100000")...),
			2, 1, "cgroup v1 quota 0.5 rounded up; affinity 2",
		},
		{
			"a container in the host's cgroup namespace has a path that its mount does not show",
			tree(inHostNamespace, "11:cpuset:/docker/4f5e\n4:cpu,cpuacct:/docker/4f5e\n", v1Files("cpu,cpuacct", "150000", "100000")...),
			4, 2, "cgroup v1 quota 1.5 rounded up; affinity 4",
		},
		{
			"a cgroup made inside such a container is found below the mount point",
			tree(inHostNamespace, "4:cpu,cpuacct:/docker/4f5e/job\n",
				append(v1Files("cpu,cpuacct", "-1", "100000"), v1Files("cpu,cpuacct/job", "100000", "100000")...)...),
			4, 1, "cgroup v1 quota 1; affinity 4",
		},
		{
			"a longer name that begins like the mount's root is not inside it",
			tree(inHostNamespace, "4:cpu,cpuacct:/docker/4f5e99\n",
				append(v1Files("cpu,cpuacct", "300000", "100000"), v1Files("cpu,cpuacct/99", "100000", "100000")...)...),
			4, 3, "cgroup v1 quota 3; affinity 4",
		},
		{
			"nested levels are all read",
			tree(mountV1, "4:cpu,cpuacct:/kubepods/pod1/c1\n",
				append(v1Files("cpu,cpuacct/kubepods/pod1/c1", "-1", "100000"), v1Files("cpu,cpuacct/kubepods/pod1", "250000", "100000")...)...),
			8, 3, "cgroup v1 quota 2.5 on a parent rounded up; affinity 8",
		},
		{
			"cpu and cpuacct may be mounted apart",
			tree(mountV1Bare, "2:cpuacct:/elsewhere\n1:cpu:/\n", v1Files("cpu", "100000", "50000")...),
			4, 2, "cgroup v1 quota 2; affinity 4",
		},
	})
}

func TestUsableUnderBoth(t *testing.T) {
	both := mountV1 + "40 30 0:37 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n"
	checkUsable(t, []usableCase{
		{
			"hybrid: the CPU controller is in v1 and v2 is empty",
			tree(both, "4:cpu,cpuacct:/\n0::/init.scope\n", v1Files("cpu,cpuacct", "50000", "100000")...),
			2, 1, "cgroup v1 quota 0.5 rounded up; affinity 2",
		},
		{
			"hybrid: the CPU controller is in v2",
			tree(both, "4:cpu,cpuacct:/\n0::/web\n", "sys/fs/cgroup/unified/web/cpu.max", "200000 100000"),
			4, 2, "cgroup v2 quota 2; affinity 4",
		},
	})
}

func TestUsableWithoutGoodFiles(t *testing.T) {
	checkUsable(t, []usableCase{
		{
			"nothing mounted at all",
			fstest.MapFS{},
			3, 3,
			"affinity 3; no cgroup quota; ignored proc/self/mountinfo: open proc/self/mountinfo: file does not exist",
		},
		{
			"no /sys",
			tree(mountV2, "0::/\n"), 3, 3, "affinity 3; no cgroup quota",
		},
		{
			"no /proc/self/cgroup: the mount point still counts",
			fstest.MapFS{
				"proc/self/mountinfo":   {Data: []byte(mountV2)},
				"sys/fs/cgroup/cpu.max": {Data: []byte("100000 100000\n")},
			},
			3, 1,
			"cgroup v2 quota 1; affinity 3; ignored proc/self/cgroup: open proc/self/cgroup: file does not exist",
		},
		{
			"an affinity of nothing is one CPU",
			tree(mountV2, "0::/\n"), 0, 1, "affinity 1; no cgroup quota",
		},
		{
			"cpu.max of one word",
			tree(mountV2, "0::/\n", "sys/fs/cgroup/cpu.max", "100000"), 3, 3,
			"affinity 3; no cgroup quota; ignored sys/fs/cgroup: cpu.max holds 1 words, not 2",
		},
		{
			"cpu.max of letters",
			tree(mountV2, "0::/\n", "sys/fs/cgroup/cpu.max", "lots 100000"), 3, 3,
			`affinity 3; no cgroup quota; ignored sys/fs/cgroup: parse cpu.max: strconv.ParseInt: parsing "lots": invalid syntax`,
		},
		{
			"cpu.max with letters for its period",
			tree(mountV2, "0::/\n", "sys/fs/cgroup/cpu.max", "100000 often"), 3, 3,
			`affinity 3; no cgroup quota; ignored sys/fs/cgroup: parse cpu.max: strconv.ParseInt: parsing "often": invalid syntax`,
		},
		{
			"a period of nothing",
			tree(mountV2, "0::/\n", "sys/fs/cgroup/cpu.max", "100000 0"), 3, 3,
			"affinity 3; no cgroup quota; ignored sys/fs/cgroup: quota 100000 in a period of 0 is no limit the kernel sets",
		},
		{
			"an empty v1 quota at the leaf leaves the parent's in force",
			tree(mountV1, "4:cpu,cpuacct:/a/b\n",
				append(v1Files("cpu,cpuacct/a/b", "", "100000"), v1Files("cpu,cpuacct/a", "100000", "100000")...)...), 3, 1,
			`cgroup v1 quota 1 on a parent; affinity 3; ignored sys/fs/cgroup/cpu,cpuacct/a/b: parse cpu.cfs_quota_us: strconv.ParseInt: parsing "": invalid syntax`,
		},
		{
			"broken lines in mountinfo and cgroup are passed over",
			tree("\n36 35 - cgroup2\nnonsense\n30 23 0:26 / /x rw - cgroup2\n"+mountV2, "\nnonsense\n0::/\n",
				"sys/fs/cgroup/cpu.max", "100000 100000"), 3, 1,
			"cgroup v2 quota 1; affinity 3",
		},
	})
}

// TestUsableHere runs on the kernel's own files, whatever generation they are.
func TestUsableHere(t *testing.T) {
	affinity := cpus.Affinity()
	got := cpus.Usable(os.DirFS("/"), affinity)
	if got.N < 1 || got.N > affinity {
		t.Errorf("Usable: got %+v, want between 1 and the affinity of %d", got, affinity)
	}
	if strings.Contains(got.Why, "ignored") {
		t.Errorf("Usable: got %q, want nothing ignored on a live kernel", got.Why)
	}
	t.Logf("%+v", got)
}

func TestAffinityFollowsTheThread(t *testing.T) {
	runtime.LockOSThread() // never unlocked: the narrowed thread ends with this test's goroutine
	var before, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		t.Skipf("sched_getaffinity: %v", err)
	}
	if got, want := cpus.Affinity(), before.Count(); got != want {
		t.Errorf("Affinity: got %d, want %d", got, want)
	}
	for cpu := 0; one.Count() == 0; cpu++ {
		if before.IsSet(cpu) {
			one.Set(cpu)
		}
	}
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		t.Skipf("sched_setaffinity: %v", err)
	}
	if got := cpus.Affinity(); got != 1 {
		t.Errorf("Affinity of a pinned thread: got %d, want 1", got)
	}
}
