package oom_test

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"percore/reaper/oom"
)

// machine is a root directory with these files.
func machine(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

// The counter's file as kernels print it.
const (
	eventsV2  = "low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n"
	controlV1 = "oom_kill_disable 0\nunder_oom 0\noom_kill 5\n"
	oldV1     = "oom_kill_disable 0\nunder_oom 0\n" // before Linux 4.13
)

const (
	mountV2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup rw,nsdelegate\n"
	mountV1 = "35 28 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
	cpuV1   = "36 28 0:32 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
)

func TestTheCounterIsFoundWhereTheContainerSeesIt(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  string // the file, or a part of the error
	}{
		"v2 in a cgroup namespace of its own": {map[string]string{
			"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": mountV2, "sys/fs/cgroup/memory.events": eventsV2,
		}, "/sys/fs/cgroup/memory.events"},
		"v2 with the host's names": {map[string]string{
			"proc/self/cgroup": "0::/system.slice/docker-1.scope\n", "proc/self/mountinfo": mountV2,
			"sys/fs/cgroup/system.slice/docker-1.scope/memory.events": eventsV2,
		}, "/sys/fs/cgroup/system.slice/docker-1.scope/memory.events"},
		"v2 outside the visible tree": {map[string]string{
			"proc/self/cgroup": "0::/../other\n", "proc/self/mountinfo": mountV2, "sys/fs/cgroup/memory.events": eventsV2,
		}, "/sys/fs/cgroup/memory.events"},
		"v1 in Docker, where the mount shows the container's part": {map[string]string{
			"proc/self/cgroup":                        "5:cpu:/docker/abc\n4:memory:/docker/abc\n0::/\n",
			"proc/self/mountinfo":                     cpuV1 + strings.Replace(mountV1, " / /sys", " /docker/abc /sys", 1),
			"sys/fs/cgroup/memory/memory.oom_control": controlV1,
		}, "/sys/fs/cgroup/memory/memory.oom_control"},
		"v1 with the host's names": {map[string]string{
			"proc/self/cgroup": "4:hugetlb,memory:/docker/abc\n", "proc/self/mountinfo": mountV1,
			"sys/fs/cgroup/memory/docker/abc/memory.oom_control": controlV1, "sys/fs/cgroup/memory/memory.oom_control": controlV1,
		}, "/sys/fs/cgroup/memory/docker/abc/memory.oom_control"},
		"a hybrid, whose v2 has no memory controller": {map[string]string{
			"proc/self/cgroup":                   "4:memory:/a\n0::/a\n",
			"proc/self/mountinfo":                strings.Replace(mountV2, "/sys/fs/cgroup", "/sys/fs/cgroup/unified", 1) + mountV1,
			"sys/fs/cgroup/unified/cgroup.procs": "1\n", "sys/fs/cgroup/memory/a/memory.oom_control": controlV1,
		}, "/sys/fs/cgroup/memory/a/memory.oom_control"},
		"a mount point with a space": {map[string]string{
			"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": strings.Replace(mountV2, "/sys/fs/cgroup", `/my\040groups`, 1),
			"my groups/memory.events": eventsV2,
		}, "/my groups/memory.events"},
		"a kernel without the counter": {map[string]string{
			"proc/self/cgroup": "4:memory:/\n", "proc/self/mountinfo": mountV1, "sys/fs/cgroup/memory/memory.oom_control": oldV1,
		}, "none is visible"},
		"a number that is none": {map[string]string{
			"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": mountV2, "sys/fs/cgroup/memory.events": "oom_kill many\n",
		}, "none is visible"},
		"lines that are unknown": {map[string]string{
			"proc/self/cgroup": "\nx\n0::/\n", "proc/self/mountinfo": "\n1 2 3\n" + mountV2, "sys/fs/cgroup/memory.events": eventsV2,
		}, "/sys/fs/cgroup/memory.events"},
		"no cgroup file system mounted": {map[string]string{"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": ""}, "none is visible"},
		"no mountinfo":                  {map[string]string{"proc/self/cgroup": "0::/\n"}, "mountinfo"},
		"no /proc":                      {nil, "find the memory cgroup"},
	} {
		t.Run(name, func(t *testing.T) {
			counter, err := oom.Find(machine(c.files))
			switch {
			case err != nil && !strings.Contains(err.Error(), c.want):
				t.Errorf("error: got %v, want %q", err, c.want)
			case err == nil && counter.File() != c.want:
				t.Errorf("file: got %s, want %s", counter.File(), c.want)
			}
		})
	}
}

// step is one look at the counter.
type step struct {
	after time.Duration // since the look before
	kills string        // what the counter says
	want  bool
}

func TestEachKillExplainsOneDeath(t *testing.T) {
	for name, steps := range map[string][]step{
		"kills before the start explain nothing":             {{0, "2", false}},
		"one kill, one death":                                {{time.Hour, "3", true}, {time.Second, "3", false}},
		"three workers killed together":                      {{0, "5", true}, {time.Millisecond, "5", true}, {time.Millisecond, "5", true}, {0, "5", false}},
		"two kills, told one by one":                         {{0, "3", true}, {time.Minute, "4", true}},
		"a grandchild's kill does not explain a later death": {{0, "4", true}, {time.Hour, "4", false}},
		"a new kill counts beside a grandchild's old one":    {{0, "4", true}, {time.Hour, "5", true}, {0, "5", false}},
		"a counter that goes back":                           {{0, "1", false}, {0, "3", true}},
		"a counter that is gone":                             {{0, "", false}, {0, "3", true}},
	} {
		t.Run(name, func(t *testing.T) {
			fsys := machine(map[string]string{
				"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": mountV2, "sys/fs/cgroup/memory.events": eventsV2,
			})
			counter, err := oom.Find(fsys)
			if err != nil {
				t.Fatal(err)
			}
			now := time.Now()
			for i, s := range steps {
				now = now.Add(s.after)
				write(fsys, s.kills)
				if got := counter.Claim(now); got != s.want {
					t.Errorf("look %d, at %s kills: got %v, want %v", i, s.kills, got, s.want)
				}
			}
		})
	}
}

// write sets the counter; the empty string removes it.
func write(fsys fstest.MapFS, kills string) {
	const file = "sys/fs/cgroup/memory.events"
	if kills == "" {
		delete(fsys, file)
		return
	}
	fsys[file] = &fstest.MapFile{Data: []byte("oom 9\noom_kill " + kills + "\n"), Mode: fs.ModePerm}
}

func TestThisMachineIsUnderstood(t *testing.T) {
	counter, err := oom.Find(os.DirFS("/"))
	if err != nil {
		t.Skip("SKIPPED: no memory cgroup here:", err)
	}
	if counter.Claim(time.Now()) {
		t.Errorf("%s: got a kill, want none since it was found", counter.File())
	}
}
