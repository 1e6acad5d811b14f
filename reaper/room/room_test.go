package room_test

import (
	"fmt"
	"math"
	"os"
	"testing"
	"testing/fstest"

	"golang.org/x/sys/unix"

	"percore/reaper/room"
)

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

// In a container the own cgroup is seen at the mount point (v1, and v2 without a cgroup namespace); on a host below
// it.
func TestTheRoomOfAPidsCgroup(t *testing.T) {
	const (
		v1 = "31 23 0:27 / /sys/fs/cgroup/pids rw shared:9 - cgroup cgroup rw,pids\n"
		v2 = "31 23 0:27 / /sys/fs/cgroup rw shared:9 - cgroup2 cgroup2 rw\n"
	)
	for name, c := range map[string]struct {
		files fstest.MapFS
		want  room.Room
	}{
		"none": {fstest.MapFS{}, room.Room{Left: math.MaxInt32}},
		"version 1": {fstest.MapFS{
			"proc/self/cgroup": file("5:pids:/docker/x\n"), "proc/self/mountinfo": file(v1),
			"sys/fs/cgroup/pids/pids.max": file("28\n"), "sys/fs/cgroup/pids/pids.current": file("20\n"),
		}, room.Room{Left: 8, Limit: "pids.max=28"}},
		"version 2": {fstest.MapFS{
			"proc/self/cgroup": file("0::/box\n"), "proc/self/mountinfo": file(v2),
			"sys/fs/cgroup/box/pids.max": file("64\n"), "sys/fs/cgroup/box/pids.current": file("70\n"),
		}, room.Room{Left: -6, Limit: "pids.max=64"}},
		"no limit": {fstest.MapFS{
			"proc/self/cgroup": file("0::/\n"), "proc/self/mountinfo": file(v2),
			"sys/fs/cgroup/pids.max": file("max\n"), "sys/fs/cgroup/pids.current": file("3\n"),
		}, room.Room{Left: math.MaxInt32}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := room.For(c.files, 0); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestTheRoomOfAUserIsWhatItsThreadsLeave(t *testing.T) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NPROC, &limit); err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{}
	for pid, process := range []string{"Uid:\t1000\t0\t0\t0\nThreads:\t5\n", "Uid:\t1000\t0\t0\t0\nThreads:\t2\n", "Uid:\t7\t0\t0\t0\nThreads:\t9\n"} {
		files[fmt.Sprintf("proc/%d/status", pid+1)] = file("Name:\tx\n" + process)
	}
	want := room.Room{Left: math.MaxInt32}
	if limit.Cur <= math.MaxInt32 {
		want = room.Room{Left: int(limit.Cur) - 7, Limit: fmt.Sprintf("RLIMIT_NPROC (ulimit -u)=%d", limit.Cur)}
	}
	if got := room.For(files, 1000); got != want {
		t.Errorf("a user with 7 threads: got %+v, want %+v", got, want)
	}
	if got, want := room.For(files, 0), (room.Room{Left: math.MaxInt32}); got != want {
		t.Errorf("root: got %+v, want %+v", got, want)
	}
}

func TestTheTighterLimitIsTold(t *testing.T) {
	const v2 = "31 23 0:27 / /sys/fs/cgroup rw shared:9 - cgroup2 cgroup2 rw\n"
	nested := func(inner, innerUsed, outer, outerUsed string) fstest.MapFS {
		return fstest.MapFS{
			"proc/self/cgroup": file("0::/box\n"), "proc/self/mountinfo": file(v2),
			"sys/fs/cgroup/box/pids.max": file(inner), "sys/fs/cgroup/box/pids.current": file(innerUsed),
			"sys/fs/cgroup/pids.max": file(outer), "sys/fs/cgroup/pids.current": file(outerUsed),
		}
	}
	for name, c := range map[string]struct {
		files fstest.MapFS
		want  room.Room
	}{
		"the own group's":                {nested("10\n", "4\n", "100\n", "50\n"), room.Room{Left: 6, Limit: "pids.max=10"}},
		"the mount point's":              {nested("100\n", "4\n", "60\n", "58\n"), room.Room{Left: 2, Limit: "pids.max=60"}},
		"the own group has none":         {nested("max\n", "4\n", "60\n", "58\n"), room.Room{Left: 2, Limit: "pids.max=60"}},
		"nonsense for a limit":           {nested("lots\n", "4\n", "max\n", "58\n"), room.Room{Left: math.MaxInt32}},
		"both alike, and the own counts": {nested("10\n", "4\n", "10\n", "4\n"), room.Room{Left: 6, Limit: "pids.max=10"}},
		"no count of what there is": {
			fstest.MapFS{"proc/self/cgroup": file("0::/\n"), "proc/self/mountinfo": file(v2), "sys/fs/cgroup/pids.max": file("9\n")},
			room.Room{Left: math.MaxInt32},
		},
		"nonsense for what there is of it": {nested("10\n", "many\n", "max\n", "58\n"), room.Room{Left: math.MaxInt32}},
	} {
		if got := room.For(c.files, 0); got != c.want {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}

// TestWhatEndsMeanwhileCountsNothing has the odd files that a look at all processes meets.
func TestWhatEndsMeanwhileCountsNothing(t *testing.T) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NPROC, &limit); err != nil || limit.Cur > math.MaxInt32 {
		t.Skip("SKIPPED: no RLIMIT_NPROC here")
	}
	files := fstest.MapFS{
		"proc/1/status":    file("Uid:\t1000\t0\nThreads:\t3\n"),
		"proc/2/status":    file(""),
		"proc/3/status":    file("Uid:\nThreads:\n"),
		"proc/4/status":    file("Uid:\tx\nThreads:\ty\n"),
		"proc/self/status": file("Uid:\t1000\t0\nThreads:\t50\n"), // the same as one of the numbers
	}
	if got, want := room.For(files, 1000).Left, int(limit.Cur)-3; got != want {
		t.Errorf("got room for %d, want %d", got, want)
	}
}

func TestThisMachineHasRoom(t *testing.T) {
	got := room.For(os.DirFS("/"), os.Getuid())
	if got.Left <= 0 || got.Left < math.MaxInt32 && got.Limit == "" {
		t.Errorf("got %+v, want room, and the limit that bounds it", got)
	}
}
