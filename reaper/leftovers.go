package reaper

import (
	"errors"
	"slices"
	"syscall"
	"time"
	"unsafe"

	"percore/reaper/tree"
)

// killedEndMax is how long an end is held back for what SIGKILL was sent to: it is gone within milliseconds, unless
// the kernel holds on to it (state D) or it forks faster than it can be killed.
const killedEndMax = time.Second

// A held end is looked at again after these times, each twice the one before: what has ended as a zombie of a parent
// outside the family, which does not wait for it, sends the reaper no SIGCHLD.
const (
	lookMin = time.Millisecond
	lookMax = 128 * time.Millisecond
)

// leftovers is what a child that has ended has left behind, and the child's end, which is held back until that is
// gone.
type leftovers struct {
	process *Process
	family  family
	exit    Exit
	sig     syscall.Signal     // what its members are sent
	sent    map[tree.Life]bool // those that were
	seen    []tree.Process     // those that were sent anything
	latest  census
	known   bool      // /proc tells which processes belong to the family
	until   time.Time // when the end is reported, whatever is left; zero while they are asked politely
}

// endLeftovers begins to end what a dead child has left: politely where it was asked to end itself, else at once,
// because its successor waits. The child is still a zombie, which keeps its number from being given to another
// process, let alone another group.
func (r *Reaper) endLeftovers(pid int) {
	p, known := r.processes[pid]
	if !known || !p.spec.KillLeftovers {
		return
	}
	r.reapStrangers()
	if p.left == nil {
		p.left = &leftovers{process: p, family: p.family()}
	}
	if p.stopSignal == 0 {
		p.left.kill()
		return
	}
	p.left.begin(p.stopSignal)
}

// reapStrangers reaps the zombies that it has not started: a look for a family reads all of /proc, and in a storm of
// orphans that grows faster than they would be reaped in between.
func (r *Reaper) reapStrangers() {
	for _, pid := range tree.ChildIDs() {
		if _, known := r.processes[pid]; known {
			continue
		}
		if ended, status, err := reap(pid); err == nil && ended == pid {
			r.settle(pid, status)
		}
	}
}

// kill ends the rest with SIGKILL.
func (l *leftovers) kill() {
	l.until = time.Now().Add(killedEndMax)
	l.begin(syscall.SIGKILL)
}

// begin sends the signal to all of the family.
func (l *leftovers) begin(sig syscall.Signal) {
	if l.sig != sig {
		l.sig, l.sent = sig, make(map[tree.Life]bool)
	}
	if l.known = l.signalNew(); !l.known {
		_ = killGroup(l.family.leader, sig) // it is all that can be done without /proc
	}
}

// signalNew signals those that have not been yet. It is false where /proc does not tell which they are.
func (l *leftovers) signalNew() (known bool) {
	tree.Each(func() []tree.Process {
		l.latest, known = l.family.members()
		return l.latest.members
	}, l.sent, l.signal)
	return known
}

// chase is for what forks as fast as it is killed: whatever it leaves becomes a child of percore's, and these are
// looked at in a fraction of the time that all of /proc takes.
func (l *leftovers) chase() {
	for range chasesMax {
		found := false
		for _, p := range tree.Children() {
			if !l.sent[p.Life()] && (p.PID != l.family.leader || l.family.gone) && l.family.has(p) {
				l.sent[p.Life()], found = true, true
				l.signal(p)
			}
		}
		if !found {
			return
		}
	}
}

// chasesMax bounds a chase: others wait for the reaper meanwhile. The next death goes on with it.
const chasesMax = 64

// signal signals one of the family. One that is stopped would not hear that it is to end, so SIGCONT follows.
func (l *leftovers) signal(p tree.Process) {
	if !slices.ContainsFunc(l.seen, func(other tree.Process) bool { return other.Life() == p.Life() }) {
		l.seen = append(l.seen, p)
	}
	switch {
	case l.sig == syscall.SIGKILL:
		_ = p.Signal(l.sig) // it has ended meanwhile, or is another user's
	case l.process.spec.StopAsGroup && p.Group == l.family.leader: // it was told together with the leader
	case p.Signal(l.sig) == nil:
		_ = p.Signal(syscall.SIGCONT)
	}
}

// live reports whether something is left, and signals what is new. As long as one lives that is known, no other is
// looked for: a look at all of /proc takes milliseconds, and strangers' ends may wake the reaper often.
func (l *leftovers) live() bool {
	if l.sig == syscall.SIGKILL && len(l.sent) > 0 {
		l.chase()
	}
	for life := range l.sent {
		if life.Lives() {
			return true
		}
	}
	if !l.signalNew() {
		return groupLives(l.family.leader)
	}
	return l.latest.some()
}

// report hands an end to its owner: at once, or when nothing is left of the child, so that the next one that is
// started finds the port free.
func (r *Reaper) report(p *Process, e Exit) {
	l := p.left
	switch {
	case p.spec.Exited == nil:
	case l == nil:
		p.spec.Exited(e)
	default:
		l.exit, l.family.gone = e, true
		if l.known && len(l.sent) == 0 && !l.latest.some() || !l.live() {
			l.tell()
			return
		}
		r.held[p] = l
		r.look = lookMin
		r.setClock()
		if l.until.IsZero() {
			r.log.Info("what the worker has started is asked to end",
				"pid", e.PID, "signal", SignalName(l.sig), "left", names(l.seen))
		}
	}
}

// tell is the end of it.
func (l *leftovers) tell() {
	l.exit.Leftovers = names(l.seen)
	l.process.spec.Exited(l.exit)
}

// releaseHeld reports the ends of which nothing is left by now. A process is adopted when its parent dies, so its own
// end wakes the reaper.
func (r *Reaper) releaseHeld() {
	for p, l := range r.held {
		if !l.live() {
			delete(r.held, p)
			l.tell()
		}
	}
}

// lookAgain reports the ends of which nothing is left, and those that have waited long enough, and sets the clock for
// the rest.
func (r *Reaper) lookAgain() {
	r.releaseHeld()
	for p, l := range r.held {
		if !l.until.IsZero() && time.Until(l.until) <= 0 {
			delete(r.held, p)
			c, _ := l.family.members()
			r.log.Warn("processes outlive SIGKILL", "pid", p.pid, "left", names(c.members))
			l.tell()
		}
	}
	r.look = min(2*r.look, lookMax)
	r.setClock()
}

// setClock makes the held ends wake the reaper: soon, and when the earliest must not wait any longer.
func (r *Reaper) setClock() {
	r.lookTime = nil
	if len(r.held) == 0 {
		return
	}
	wait := r.look
	for _, l := range r.held {
		if !l.until.IsZero() {
			wait = min(wait, time.Until(l.until))
		}
	}
	r.lookTime = time.After(wait)
}

// groupLives reports whether some process, or zombie, is in the group. EPERM is a yes (man 2 kill).
func groupLives(pgid int) bool {
	return !errors.Is(syscall.Kill(-pgid, 0), syscall.ESRCH)
}

// siginfo is as much of siginfo_t as waitid fills in (man 2 sigaction); the union begins aligned to a pointer.
type siginfo struct {
	_   [3]int32 // signo, errno and code
	_   [unsafe.Sizeof(uintptr(0)) - 4]byte
	pid int32
	_   [116]byte
}

// Arguments of waitid that package syscall does not name (linux/wait.h).
const (
	pAll    = 0
	wExited = 0x4
	wNowait = 0x01000000
)

// deadChild gives a child that can be reaped and leaves it a zombie; 0 when there is none (man 2 waitid).
func deadChild() (int, error) {
	var info siginfo
	for {
		_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, pAll, 0, uintptr(unsafe.Pointer(&info)),
			wExited|wNowait|syscall.WNOHANG, 0, 0)
		switch errno {
		case 0:
			return int(info.pid), nil
		case syscall.EINTR:
		case syscall.ECHILD:
			return 0, nil
		default:
			return 0, errno
		}
	}
}

// reap takes a dead child's status. It is 0 when the child lives.
func reap(pid int) (ended int, status syscall.WaitStatus, err error) {
	for {
		ended, err = syscall.Wait4(pid, &status, syscall.WNOHANG, nil)
		if !errors.Is(err, syscall.EINTR) {
			return ended, status, err
		}
	}
}
