package plan

import (
	"os"

	"golang.org/x/sys/unix"

	"percore/entrypoint/self"
	"percore/reaper/cpus"
	"percore/reaper/oom"
	"percore/reaper/room"
)

// machine is what a plan asks of where it runs. A test has one that is made up.
type machine struct {
	uid       int                           // that percore runs as
	memory    func() int64                  // bytes that the container may use; 0: not known
	maySwitch func() bool                   // whether the kernel lets a child have another user
	count     func(task float64) cpus.Count // usable CPUs, at most so many where task is not 0
	room      func(uid int) room.Room       // that limits leave for processes and threads of a user
	threads   func() int                    // of this process
}

func thisMachine() machine {
	root := os.DirFS("/")
	return machine{
		uid: os.Getuid(), memory: func() int64 { return oom.Limit(root) }, maySwitch: maySwitchUser,
		threads: self.Threads,
		count:   func(task float64) cpus.Count { return cpus.Usable(root, cpus.Affinity()).AtMost(task) },
		room:    func(uid int) room.Room { return room.For(root, uid) },
	}
}

// maySwitchUser reports whether the kernel will let a child have another user (man 7 capabilities).
func maySwitchUser() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	if err := unix.Capget(&header, &sets[0]); err != nil {
		return true // let the attempt tell
	}
	const need = 1<<unix.CAP_SETUID | 1<<unix.CAP_SETGID
	return sets[0].Effective&need == need
}
