package cgroup_test

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"percore/reaper/cgroup"
)

const (
	mountV2    = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup rw,nsdelegate\n"
	mountV1    = "35 28 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
	mountCPU   = "36 28 0:32 / /sys/fs/cgroup/cpu,cpuacct rw master:15 - cgroup cgroup rw,cpu,cpuacct\n"
	unifiedV2  = "40 30 0:37 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
	inDockerV1 = "35 28 0:31 /docker/4f5e /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
)

// machine is a root directory with what the kernel says of this process, and further files by name and content.
func machine(mountinfo, own string, files ...string) fstest.MapFS {
	fsys := fstest.MapFS{"proc/self/mountinfo": {Data: []byte(mountinfo)}, "proc/self/cgroup": {Data: []byte(own)}}
	for i := 0; i < len(files); i += 2 {
		fsys[files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	return fsys
}

func TestTheMountsOfAControllerAreFound(t *testing.T) {
	for name, c := range map[string]struct {
		mountinfo string
		want      []string // version and point
	}{
		"v2 may have any controller":           {mountV2, []string{"v2 /sys/fs/cgroup"}},
		"v1 with the controller":               {mountV1, []string{"v1 /sys/fs/cgroup/memory"}},
		"v1 with another one":                  {mountCPU, nil},
		"both, in the order of the kernel":     {mountV1 + unifiedV2, []string{"v1 /sys/fs/cgroup/memory", "v2 /sys/fs/cgroup/unified"}},
		"a point with a space and a backslash": {`30 23 0:26 / /my\040own\134groups rw - cgroup2 cgroup rw`, []string{`v2 /my own\groups`}},
		"a point that ends in a backslash":     {`30 23 0:26 / /x\04 rw - cgroup2 cgroup rw`, []string{`v2 /x\04`}},
		"other file systems":                   {"21 26 0:20 / /proc rw,relatime - proc proc rw\n", nil},
		"lines that are cut":                   {"\n36 35 - cgroup2\nnonsense\n30 23 0:26 / /x rw - cgroup2\n30 23 0:26 / /x rw\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			mounts, err := cgroup.Mounts(machine(c.mountinfo, ""), "memory")
			var got []string
			for _, m := range mounts {
				got = append(got, m.Version.String()+" "+m.Point)
			}
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("got %q and error %v, want %q", got, err, c.want)
			}
		})
	}
}

func TestTheOwnGroupIsTheControllersInV1AndTheOneOfV2(t *testing.T) {
	for name, c := range map[string]struct {
		text   string
		v1, v2 string
	}{
		"both":                              {"11:cpuset:/set\n4:hugetlb,memory:/a/b\n0::/init.scope\n", "/a/b", "/init.scope"},
		"a colon in a name":                 {"4:memory:/a:b\n", "/a:b", ""},
		"a controller whose name is longer": {"4:memoryx:/a\n", "", ""},
		"lines that are cut":                {"\n4:memory\n0:\n", "", ""},
		"a space at the end of a name":      {"0::/a \n", "", "/a "},
	} {
		own, err := cgroup.Own(machine("", c.text), "memory")
		if err != nil || own[cgroup.V1] != c.v1 || own[cgroup.V2] != c.v2 {
			t.Errorf("%s: got %q and error %v, want %q and %q", name, own, err, c.v1, c.v2)
		}
	}
}

func TestTheLevelsGoFromTheOwnGroupUpToTheMountPoint(t *testing.T) {
	for name, c := range map[string]struct {
		mountinfo, own string
		want           []string
	}{
		"the root of a namespace":                   {mountV2, "/", []string{"sys/fs/cgroup"}},
		"below it":                                  {mountV2, "/a/b", []string{"sys/fs/cgroup/a/b", "sys/fs/cgroup/a", "sys/fs/cgroup"}},
		"with the host's names":                     {inDockerV1, "/docker/4f5e", []string{"sys/fs/cgroup/memory"}},
		"below these":                               {inDockerV1, "/docker/4f5e/job", []string{"sys/fs/cgroup/memory/job", "sys/fs/cgroup/memory"}},
		"a longer name that begins as the root":     {inDockerV1, "/docker/4f5e99", []string{"sys/fs/cgroup/memory"}},
		"outside the namespace":                     {mountV2, "/../../other", []string{"sys/fs/cgroup"}},
		"a name that begins with two dots":          {mountV2, "/..a", []string{"sys/fs/cgroup/..a", "sys/fs/cgroup"}},
		"no own group":                              {mountV2, "", []string{"sys/fs/cgroup"}},
		"a hierarchy that is mounted over the root": {"30 23 0:26 / / rw - cgroup2 cgroup rw\n", "/a", []string{"a", "."}},
	} {
		t.Run(name, func(t *testing.T) {
			mounts, err := cgroup.Mounts(machine(c.mountinfo, ""), "memory")
			if err != nil || len(mounts) != 1 {
				t.Fatalf("got %v and error %v, want one mount", mounts, err)
			}
			own := cgroup.Paths{cgroup.V1: c.own, cgroup.V2: c.own}
			if got := mounts[0].Levels(own); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestAFileIsLookedForInTheOwnGroupAndAtTheMountPoint(t *testing.T) {
	fsys := machine(mountV1+unifiedV2, "4:memory:/a/b\n0::/\n")
	got, err := cgroup.Files(fsys, "memory", "old", "new")
	want := []string{"sys/fs/cgroup/memory/a/b/old", "sys/fs/cgroup/memory/old", "sys/fs/cgroup/unified/new"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q and error %v, want %q", got, err, want)
	}
}

func TestWhatTheKernelDoesNotTellIsAnError(t *testing.T) {
	if _, err := cgroup.Files(fstest.MapFS{}, "memory", "old", "new"); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "proc/self/cgroup") {
		t.Errorf("without /proc: got %v, want which file is missing", err)
	}
	fsys := fstest.MapFS{"proc/self/cgroup": {Data: []byte("0::/\n")}}
	if _, err := cgroup.Files(fsys, "memory", "old", "new"); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "mountinfo") {
		t.Errorf("without mountinfo: got %v, want which file is missing", err)
	}
}

func TestANumberIsReadWithTheLineEndBehindIt(t *testing.T) {
	fsys := machine("", "", "a/limit", "134217728\n", "a/max", "max\n", "a/none", "-1\n", "a/empty", "")
	for file, c := range map[string]struct {
		want int64
		err  string
	}{
		"a/limit": {134217728, ""}, "a/none": {-1, ""}, "a/max": {0, "parse max"}, "a/empty": {0, "parse empty"}, "a/gone": {0, "not exist"},
	} {
		got, err := cgroup.Number(fsys, file)
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: got %d and error %v, want %d and %q", file, got, err, c.want, c.err)
		}
	}
}

// TestThisMachineIsUnderstood reads what the kernel says here, whatever generation it is of.
func TestThisMachineIsUnderstood(t *testing.T) {
	mounts, err := cgroup.Mounts(os.DirFS("/"), "memory")
	if err != nil {
		t.Skip("SKIPPED: no mountinfo here:", err)
	}
	own, err := cgroup.Own(os.DirFS("/"), "memory")
	if err != nil {
		t.Skip("SKIPPED: no control groups here:", err)
	}
	for _, m := range mounts {
		for _, dir := range m.Levels(own) {
			if !fs.ValidPath(dir) {
				t.Errorf("%s: got a level %q, want a name below the root", m.Point, dir)
			}
		}
	}
}

func TestWhatIsAskedOfAControllerIsNotAnsweredOfAnother(t *testing.T) {
	fsys := machine(mountV1+mountCPU, "4:memory:/m\n5:cpu,cpuacct:/c\n")
	for controller, want := range map[string][]string{
		"memory":  {"sys/fs/cgroup/memory/m/limit", "sys/fs/cgroup/memory/limit"},
		"cpu":     {"sys/fs/cgroup/cpu,cpuacct/c/limit", "sys/fs/cgroup/cpu,cpuacct/limit"},
		"cpuacct": {"sys/fs/cgroup/cpu,cpuacct/c/limit", "sys/fs/cgroup/cpu,cpuacct/limit"},
		"pids":    nil,
	} {
		if got, err := cgroup.Files(fsys, controller, "limit", "none"); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %q and error %v, want %q", controller, got, err, want)
		}
	}
}

func TestVersionsHaveTheirNames(t *testing.T) {
	if got := cgroup.V1.String() + " " + cgroup.V2.String(); got != "v1 v2" {
		t.Errorf("got %q, want v1 v2", got)
	}
}

func TestAFileThatCannotBeReadIsNamed(t *testing.T) {
	_, err := cgroup.Number(machine("", ""), "sys/fs/cgroup/memory.max")
	if err == nil || !strings.Contains(err.Error(), "sys/fs/cgroup/memory.max") {
		t.Errorf("got %v, want the file in it", err)
	}
}
