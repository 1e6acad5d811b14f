// Package room tells how many more processes and threads the kernel lets this container or user have. A program in Go
// that gets no thread when it needs one is ended by its runtime, with pages of text; so percore asks before. Nothing is reserved: the answer is of the moment. Package cgroup finds the files.
package room

import (
	"fmt"
	"io/fs"
	"math"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"percore/reaper/cgroup"
)

// Room is what is left of the tightest limit.
type Room struct {
	Left  int    // processes and threads that may still be made; each thread counts as one
	Limit string // the limit by its name and value, as in "pids.max=28"
}

// unlimited is the room where nothing limits it, or where nothing can be read.
func unlimited() Room { return Room{Left: math.MaxInt32} }

// For tells the room of processes of a user below fsys, the root directory.
func For(fsys fs.FS, uid int) Room {
	room := pids(fsys)
	if user := perUser(fsys, uid); user.Left < room.Left {
		room = user
	}
	return room
}

// pids is the pids cgroup's (Linux Documentation/admin-guide/cgroup-v2.rst, pids.max): of this process's own, or the
// one that a container sees at the mount point.
func pids(fsys fs.FS) Room {
	room := unlimited()
	files, err := cgroup.Files(fsys, "pids", "pids.max", "pids.max")
	if err != nil {
		return room
	}
	for _, file := range files {
		limit, err := cgroup.Number(fsys, file) // "max" is none
		if err != nil {
			continue
		}
		current, err := cgroup.Number(fsys, strings.TrimSuffix(file, "max")+"current")
		if left := int(limit - current); err == nil && left < room.Left {
			room = Room{Left: left, Limit: fmt.Sprintf("pids.max=%d", limit)}
		}
	}
	return room
}

// perUser is RLIMIT_NPROC's, which every process of percore's inherits and which does not bind root (man 2 getrlimit).
func perUser(fsys fs.FS, uid int) Room {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NPROC, &limit); err != nil || uid == 0 || limit.Cur > math.MaxInt32 {
		return unlimited()
	}
	return Room{Left: int(limit.Cur) - threadsOf(fsys, uid), Limit: fmt.Sprintf("RLIMIT_NPROC (ulimit -u)=%d", limit.Cur)}
}

// threadsOf counts a user's threads, as far as they can be seen: the kernel counts those outside of the container as
// well.
func threadsOf(fsys fs.FS, uid int) (threads int) {
	files, err := fs.Glob(fsys, "proc/[0-9]*/status")
	if err != nil {
		return 0
	}
	for _, file := range files {
		text, err := fs.ReadFile(fsys, file)
		if err != nil {
			continue // it has ended
		}
		if owner, n := read(string(text)); owner == uid {
			threads += n
		}
	}
	return threads
}

// read takes the real user and the number of threads out of /proc/PID/status (man 5 proc).
func read(status string) (uid, threads int) {
	uid = -1
	for line := range strings.Lines(status) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		switch fields[0] {
		case "Uid:":
			uid, _ = strconv.Atoi(fields[1])
		case "Threads:":
			threads, _ = strconv.Atoi(fields[1])
		}
	}
	return uid, threads
}
