// Package alarm measures how long others have had to do something, by the time in which this process ran.
//
// While the container is paused (the freezer, as docker pause uses it; SIGSTOP; a snapshot of the machine) time
// passes in which no process could do anything. The kernel does not tell, but a timer that rings long after it was
// due does. So a deadline that judges a process is waited for in pieces, and a piece that ends late is waited for
// once more: what has to be done, and what was said meanwhile, gets its turn before the judgement. Nothing ticks: an
// alarm rings four times where it would have rung once.
//
// A Clock belongs to one goroutine, which also runs what its alarms do. Begin with Allow, Bound and After, which differ
// in what a pause does to them.
package alarm

import "time"

const (
	// pieces is into how many parts a deadline is cut: a pause that ends before its deadline costs at most one of
	// them.
	pieces = 4
	// pieceMin keeps the pieces of short deadlines from becoming many wake-ups.
	pieceMin = 250 * time.Millisecond
	// graceMin is what a process needs after a pause to get its turn and to say a word, whatever its deadline.
	graceMin = time.Second
	// lateMin is later than a busy machine lets a timer be.
	lateMin = 250 * time.Millisecond
	// lateMinBound is the same for deadlines that others count too: a machine under load must not move those.
	lateMinBound = time.Second
)

// Clock makes the alarms of one goroutine. Its methods, and those of its alarms, belong to that goroutine.
type Clock struct {
	post    func(func()) // runs a function on the owner's goroutine, soon
	noticed func(lost time.Duration)
	lost    time.Duration // in which this process did not run, as far as was noticed
	until   time.Time     // lost covers what was before
}

// NewClock makes a clock. post runs a function on the owner's goroutine and may be called from any; noticed, which
// may be nil, is told there of every pause, with what is known of its length.
func NewClock(post func(func()), noticed func(lost time.Duration)) *Clock {
	if noticed == nil {
		noticed = func(time.Duration) {}
	}
	return &Clock{post: post, noticed: noticed}
}

// Now is the time without what was lost in pauses. It is to be compared with what the same clock said.
func (c *Clock) Now() time.Time { return time.Now().Add(-c.lost) }

// Since is the time since t without the pauses that were noticed meanwhile.
func (c *Clock) Since(t time.Time) time.Duration { return c.Now().Sub(t) }

// Allow calls do when a process has had d, pauses not counted.
func (c *Clock) Allow(d time.Duration, do func()) *Alarm {
	return c.start(d, max(d/pieces, pieceMin), lateMin, do)
}

// Bound is Allow for a deadline that is counted outside as well: only a pause of a second or more moves it.
func (c *Clock) Bound(d time.Duration, do func()) *Alarm {
	return c.start(d, max(d/pieces, pieceMin), lateMinBound, do)
}

// After calls do when d is over, however that passed. It is for what judges no process.
func (c *Clock) After(d time.Duration, do func()) *Alarm { return c.start(d, d, 0, do) }

// Missed reports whether so much more time has passed since something was due that this process cannot have run
// meanwhile.
func Missed(due time.Time) bool { return time.Since(due) > lateMin }

// lose takes note of a pause that a deadline reveals. Of several deadlines that were due in the same pause each may
// know of a little more of it.
func (c *Clock) lose(due, now time.Time) {
	if due.Before(c.until) {
		due = c.until
	}
	if c.until = now; now.Sub(due) > lateMin {
		c.lost += now.Sub(due)
		c.noticed(now.Sub(due))
	}
}

// Alarm is one deadline. The methods of a nil one do nothing.
type Alarm struct {
	clock    *Clock
	do       func()
	timer    *time.Timer
	due      time.Time     // of the piece that is waited for
	piece    time.Duration // length of the pieces
	left     time.Duration // behind the piece that is waited for
	lateMin  time.Duration // what counts as late; 0 is nothing
	repeated bool          // the piece that is waited for ended late before
	over     bool
}

func (c *Clock) start(d, piece, lateMin time.Duration, do func()) *Alarm {
	d = max(d, 0)
	a := &Alarm{clock: c, do: do, piece: min(d, piece), left: d, lateMin: lateMin}
	a.next()
	return a
}

// Stop makes sure that nothing happens, even if the timer rang already.
func (a *Alarm) Stop() {
	if a != nil {
		a.over = true
		a.timer.Stop()
	}
}

// Due is when the deadline is over, unless a pause moves it.
func (a *Alarm) Due() time.Time { return a.due.Add(a.left) }

// Left is how much of the deadline is to come.
func (a *Alarm) Left() time.Duration {
	switch {
	case a == nil || a.over:
		return 0
	case a.isLate(time.Now()):
		return a.piece + a.left
	default:
		return max(0, time.Until(a.due)) + a.left
	}
}

func (a *Alarm) next() {
	piece := min(a.piece, a.left)
	a.left -= piece
	a.repeated = false
	a.wait(piece)
}

func (a *Alarm) wait(d time.Duration) {
	a.due = time.Now().Add(d)
	a.timer = time.AfterFunc(d, func() { a.clock.post(a.ring) })
}

func (a *Alarm) isLate(now time.Time) bool {
	return a.lateMin > 0 && !a.repeated && now.Sub(a.due) > a.lateMin
}

func (a *Alarm) ring() {
	now := time.Now()
	switch late := a.isLate(now); {
	case a.over:
	case late:
		a.clock.lose(a.due, now)
		a.repeated = true
		a.wait(max(a.piece, graceMin))
	case a.left > 0:
		a.next()
	default:
		a.over = true
		a.do()
	}
}
