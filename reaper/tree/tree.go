// Package tree finds and signals the descendants of a process, whatever process group or session they have made their
// own. It reads /proc, and takes a number for a process only as long as the start time beside it is the same.
//
// Nothing is kept between two looks: a Process is what one look has seen. Where /proc is missing or of another pid
// namespace, the look says so, and only PID 1 may signal blindly. Begin with Signal.
//
// Floors, top first:
//
//   - tree: looks and signals
//   - proc: what the kernel says of one process
package tree

import (
	"bytes"
	"os"
	"slices"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// passes bounds how often /proc is read for one signal: a tree that grows faster than it can be read has no end.
const passes = 8

// Signal sends sig once to every descendant of root, and reads /proc again until there is no new one: a process may
// fork between being listed and being signalled. Orphans that root has adopted are among them, and so is what has
// made a session of its own. A number that was freed and given away since it was listed gets nothing.
//
// Without a /proc of this pid namespace PID 1 has the kernel signal all others instead; false means that nothing
// could be done.
func Signal(root int, sig syscall.Signal, complain func(error)) bool {
	if !procIsOurs() {
		return signalBlindly(root, sig, complain)
	}
	done := make(map[Life]bool)
	Each(func() []Process { return Descendants(root) }, done, func(p Process) { complain(p.Signal(sig)) })
	return true
}

// Each does something once with every process that list has and done has not, and asks for the list again until there
// is no new one, or until they come faster than that.
func Each(list func() []Process, done map[Life]bool, do func(Process)) {
	for range passes {
		found := false
		for _, p := range list() {
			if !done[p.Life()] {
				done[p.Life()], found = true, true
				do(p)
			}
		}
		if !found {
			return
		}
	}
}

// Life stands for one process, and for no later one that is given its number.
type Life struct {
	pid     int
	started uint64
}

// Life is that of the process.
func (p Process) Life() Life { return Life{p.PID, p.started} }

// Lives reports whether it is still there, and no zombie.
func (l Life) Lives() bool {
	p, ok := read("/proc", l.pid)
	return ok && p.started == l.started && !p.zombie
}

// signalBlindly is for PID 1 alone: to it, all processes are all below (man 2 kill, pid -1).
func signalBlindly(root int, sig syscall.Signal, complain func(error)) bool {
	if root != 1 || os.Getpid() != 1 {
		return false
	}
	complain(syscall.Kill(-1, sig))
	return true
}

// procIsOurs reports whether /proc is there and of this pid namespace: the numbers of another one are other processes
// here.
func procIsOurs() bool {
	self, err := os.Readlink("/proc/self")
	return err == nil && self == strconv.Itoa(os.Getpid())
}

// Signal sends sig to this process and to none that has its number by now: what a pidfd is open for, as a look at
// /proc after opening it tells, stays what it is (man 2 pidfd_open, Linux 5.3). Where there is no pidfd, nothing but
// a moment lies between the look and the kill.
func (p Process) Signal(sig syscall.Signal) error {
	fd, err := unix.PidfdOpen(p.PID, 0)
	if err == syscall.ESRCH {
		return err
	}
	if err == nil {
		defer unix.Close(fd)
	}
	if now, ok := read("/proc", p.PID); !ok || now.started != p.started {
		return syscall.ESRCH
	}
	if err == nil {
		if err = unix.PidfdSendSignal(fd, sig, nil, 0); err != syscall.ENOSYS && err != syscall.EPERM {
			return err
		}
	}
	return syscall.Kill(p.PID, sig) // an old kernel, or a seccomp profile older than the calls
}

// Descendants lists the live processes below root, parents first. Without /proc there are none.
func Descendants(root int) []Process {
	all, _ := Below(root)
	return slices.DeleteFunc(all, Process.Zombie)
}

// Zombie reports whether it has ended and its parent has not asked how.
func (p Process) Zombie() bool { return p.zombie }

// Below lists all processes below root, zombies too, parents first. It is false without a /proc of this pid namespace.
func Below(root int) (list []Process, known bool) {
	if !procIsOurs() {
		return nil, false
	}
	children := make(map[int][]Process)
	for _, p := range processes("/proc") {
		children[p.Parent] = append(children[p.Parent], p)
	}
	for queue := children[root]; len(queue) > 0; queue = queue[1:] {
		list = append(list, queue[0])
		queue = append(queue, children[queue[0].PID]...)
	}
	return list, true
}

// Children lists the live children of this process, the latest first. It is much cheaper than a look at all of /proc,
// and empty where the kernel does not tell (CONFIG_PROC_CHILDREN).
func Children() []Process {
	var list []Process
	for _, id := range slices.Backward(ChildIDs()) {
		if p, ok := read("/proc", id); ok && !p.zombie {
			list = append(list, p)
		}
	}
	return list
}

// ChildIDs lists the pids of the children of this process, zombies too, those of one thread the oldest first. It
// reads a file for each thread, whatever the number of children, and is empty where the kernel does not tell
// (CONFIG_PROC_CHILDREN).
func ChildIDs() []int {
	const tasks = "/proc/self/task"
	threads, err := os.ReadDir(tasks)
	if err != nil || !procIsOurs() {
		return nil
	}
	var ids []int
	for _, thread := range threads {
		children, _ := os.ReadFile(tasks + "/" + thread.Name() + "/children")
		for child := range bytes.FieldsSeq(children) {
			id, _ := strconv.Atoi(string(child)) // the kernel writes numbers
			ids = append(ids, id)
		}
	}
	return ids
}

// Stopped reports whether a process is stopped by a signal, as by SIGSTOP; one that a debugger has stopped does not
// count.
func Stopped(pid int) bool {
	p, ok := read("/proc", pid)
	return ok && p.stopped
}

// generationsMax bounds a look upwards; no container nests that deep.
const generationsMax = 256

// Descends reports whether a process descends from root, by the parents that they have now: one that PID 1 adopted
// does not. Without a /proc of this pid namespace, or where it hides that process (hidepid), it is false.
func Descends(pid, root int) bool {
	if !procIsOurs() {
		return false
	}
	for range generationsMax {
		p, ok := read("/proc", pid)
		switch {
		case !ok || p.Parent <= 1 && root != p.Parent:
			return false
		case p.Parent == root:
			return true
		}
		pid = p.Parent
	}
	return false
}

// User is the real user id of a process; known is false where /proc does not tell.
func User(pid int) (uid int, known bool) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil || !procIsOurs() {
		return 0, false
	}
	_, rest, found := bytes.Cut(text, []byte("\nUid:\t"))
	digits, _, _ := bytes.Cut(rest, []byte("\t"))
	uid, err = strconv.Atoi(string(digits))
	return uid, found && err == nil
}

// Resident is the resident memory, in bytes, of a process and of all below it; pages that they share count for each.
// It reads two files for every process and one for every thread, and nothing else of /proc. What has ended counts
// nothing.
func Resident(pid int) int64 {
	return resident("/proc", pid)
}

func resident(proc string, pid int) int64 {
	dir := proc + "/" + strconv.Itoa(pid)
	sum := int64(0)
	if text, err := os.ReadFile(dir + "/statm"); err == nil {
		if fields := bytes.Fields(text); len(fields) > 1 {
			pages, _ := strconv.ParseInt(string(fields[1]), 10, 64) // the kernel writes numbers
			sum = pages * int64(os.Getpagesize())
		}
	}
	threads, err := os.ReadDir(dir + "/task")
	if err != nil {
		return sum
	}
	for _, thread := range threads {
		children, _ := os.ReadFile(dir + "/task/" + thread.Name() + "/children") // absent without CONFIG_PROC_CHILDREN
		for _, child := range bytes.Fields(children) {
			if id, err := strconv.Atoi(string(child)); err == nil {
				sum += resident(proc, id)
			}
		}
	}
	return sum
}
