package reaper

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"percore/reaper/tree"
)

// mark is a number that a child and all that it starts carry, so that they are known when their parents are gone: 0
// is none.
//
// It is the soft limit of the real-time CPU time (man 2 getrlimit, RLIMIT_RTTIME), in microseconds: every process
// inherits it, in whatever session, with whatever environment and user, and any process may read it in
// /proc/PID/limits. It limits nothing: it stands for seventy thousand years. What resets limits, as `su` does (man 8
// pam_limits), keeps the environment as a rule, which has it too.
type mark uint64

// markVariable is the mark in a child's environment, in hexadecimal.
const markVariable = "PERCORE_WORKER_MARK"

// A mark is a bit that no limit in use has, a number of the reaper's own, and a count.
const (
	markBit       = 1 << 61
	markSaltShift = 32
	markSaltMask  = (markBit - 1) &^ (1<<markSaltShift - 1)
)

// markSalt tells the children of one percore from those of another below it.
func markSalt() uint64 { return markBit | rand.Uint64()&markSaltMask }

// isSibling reports whether both are of one reaper.
func (m mark) isSibling(other mark) bool { return m>>markSaltShift == other>>markSaltShift }

// bequeath makes the mark what the next child inherits. The limit is the whole process's, and means nothing to it
// meanwhile. Where it cannot be had, the environment is all there is.
func (m mark) bequeath() (restore func()) {
	var before unix.Rlimit
	if m == 0 || unix.Prlimit(0, unix.RLIMIT_RTTIME, nil, &before) != nil {
		return func() {}
	}
	if unix.Prlimit(0, unix.RLIMIT_RTTIME, &unix.Rlimit{Cur: uint64(m), Max: before.Max}, nil) != nil {
		return func() {}
	}
	return func() { _ = unix.Prlimit(0, unix.RLIMIT_RTTIME, &before, nil) } // it was allowed a moment ago
}

// environ is env with the mark, and with no other.
func (m mark) environ(env []string) []string {
	if m == 0 {
		return env
	}
	marked := make([]string, 0, len(env)+1)
	for _, pair := range env {
		if !strings.HasPrefix(pair, markVariable+"=") {
			marked = append(marked, pair)
		}
	}
	return append(marked, markVariable+"="+strconv.FormatUint(uint64(m), 16))
}

// markOf is the mark of a process; 0 is none that can be seen.
func markOf(pid int) mark {
	dir := "/proc/" + strconv.Itoa(pid)
	if limits, err := os.ReadFile(dir + "/limits"); err == nil {
		if m := parseLimits(limits); m != 0 {
			return m
		}
	}
	var environ []byte
	AsOwner(dir, func() error {
		text, err := os.ReadFile(dir + "/environ")
		environ = text
		return err
	})
	return parseEnviron(environ)
}

// AsOwner does something with the rights of the user that a folder of /proc belongs to: root may read less of another
// user's process than that user, where it lacks the capability SYS_PTRACE (man 2 ptrace, on access modes), as it does
// in a container of Docker's.
func AsOwner(dir string, do func() error) error {
	var stat unix.Stat_t
	if err := unix.Stat(dir, &stat); err != nil {
		return os.NewSyscallError("stat", err)
	}
	if int(stat.Uid) == os.Geteuid() && int(stat.Gid) == os.Getegid() {
		return do()
	}
	return WithFileIDs(int(stat.Uid), int(stat.Gid), do)
}

// parseLimits finds the mark in /proc/PID/limits (man 5 proc).
func parseLimits(text []byte) mark {
	const name = "Max realtime timeout"
	_, rest, found := bytes.Cut(text, []byte(name))
	fields := bytes.Fields(rest[:min(len(rest), 100)])
	if !found || len(fields) == 0 {
		return 0
	}
	n, err := strconv.ParseUint(string(fields[0]), 10, 64)
	if err != nil || n&markBit == 0 || n >= 2*markBit {
		return 0 // "unlimited", or a limit of the process
	}
	return mark(n)
}

// parseEnviron finds the mark in /proc/PID/environ.
func parseEnviron(text []byte) mark {
	for pair := range bytes.SplitSeq(text, []byte{0}) {
		if value, found := bytes.CutPrefix(pair, []byte(markVariable+"=")); found {
			n, _ := strconv.ParseUint(string(value), 16, 64) // a process that wrote something else has no mark
			return mark(n)
		}
	}
	return 0
}

// family is a child and what it has started.
type family struct {
	leader int
	gone   bool // the leader has been reaped: its number may be another process's by now
	mark   mark // 0: only its process group is meant
}

// census is a look at a family.
type census struct {
	members []tree.Process // that live, without the leader
	settled bool           // none of them has ended and not been reaped yet: it may have left a child that was not seen
}

// some reports whether there is a member, or may be one.
func (c census) some() bool { return len(c.members) > 0 || !c.settled }

// members takes the census; false where /proc does not tell.
//
// Members are all below percore, since it adopts orphans. A process is one by its mark, by its parent, or by its
// process group, whose number is no other process's while one is in it. None can slip through a census that is
// settled: of each that lives an ancestor is a child of percore's, and that cannot go from /proc meanwhile, because
// the same goroutine takes the census and reaps.
func (f family) members() (c census, known bool) {
	self := os.Getpid()
	all, known := tree.Below(self)
	c.settled = true
	in := make(map[int]bool)
	for _, p := range all {
		if p.PID == f.leader && !f.gone {
			in[p.PID] = f.mark != 0
			continue
		}
		if !f.has(p) && (f.mark == 0 || !in[p.Parent]) {
			continue
		}
		switch in[p.PID] = true; {
		case !p.Zombie():
			c.members = append(c.members, p)
		case p.Parent == self:
			c.settled = false
		}
	}
	return c, known
}

func (f family) has(p tree.Process) bool {
	inGroup := p.Group == f.leader
	if f.mark == 0 && !inGroup {
		return false
	}
	switch m := markOf(p.PID); {
	case m == f.mark:
		return true
	case m.isSibling(f.mark):
		return false // it is of a child that was given the number of this one
	default:
		return inGroup
	}
}

// namesMax is how many processes are named in one sentence.
const namesMax = 5

// names puts processes into words: "77 (sleep), 78 (celery)".
func names(list []tree.Process) string {
	var words []string
	for _, p := range list[:min(len(list), namesMax)] {
		words = append(words, fmt.Sprintf("%d (%s)", p.PID, p.Name))
	}
	if more := len(list) - namesMax; more > 0 {
		words = append(words, fmt.Sprintf("%d more", more))
	}
	return strings.Join(words, ", ")
}
