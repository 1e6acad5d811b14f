package cgroup_test

import (
	"path"
	"strings"
	"testing"

	"percore/reaper/cgroup"
)

// FuzzLevels feeds the two files that a container's runtime has a hand in. However odd they are, every level is a
// clean name below the root, and the mount point itself is always the last one.
func FuzzLevels(f *testing.F) {
	f.Add(mountV2, "0::/a/b\n")
	f.Add(inDockerV1+unifiedV2, "4:memory:/docker/4f5e/job\n0::/../../x\n")
	f.Add("30 23 0:26 / /x\\040\\777 rw - cgroup2 cgroup rw\n", "0::/a/../../..\n")
	f.Add("30 23 0:26 /.. /\\057 rw - cgroup2 cgroup rw\n", "0::\n")
	f.Fuzz(func(t *testing.T, mountinfo, text string) {
		fsys := machine(mountinfo, text)
		mounts, err := cgroup.Mounts(fsys, "memory")
		if err != nil {
			t.Fatal(err)
		}
		own, err := cgroup.Own(fsys, "memory")
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range mounts {
			point := strings.TrimPrefix(path.Clean("/"+m.Point), "/")
			if point == "" {
				point = "."
			}
			levels := m.Levels(own)
			if last := levels[len(levels)-1]; last != point {
				t.Errorf("last level: got %q, want the mount point %q", last, point)
			}
			for _, dir := range levels {
				if path.IsAbs(dir) || path.Clean(dir) != dir {
					t.Errorf("got level %q, want a clean name below the root", dir)
				}
			}
		}
	})
}
