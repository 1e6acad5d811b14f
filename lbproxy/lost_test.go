package lbproxy

import (
	"testing"
	"time"
)

func TestALoopThatWakesLateGoesOnWhereItMeantTo(t *testing.T) {
	const due = 61_000
	for name, c := range map[string]struct {
		now, due int64
		work     bool
		late     int64 // behind the wake-up that it planned
		want     int64 // what its clock says then
		again    int64 // what it says after it was as late once more, 0: not tried
	}{
		"in time":                       {now: 1_000, due: due, late: 0, want: 31_000},
		"a busy machine":                {now: 1_000, due: due, late: 250, want: 31_250},
		"halfway to the deadline":       {now: 1_000, due: due, late: 60_000, want: 31_000},
		"at the deadline":               {now: 60_500, due: due, late: 60_000, want: 60_500},
		"a grace before the deadline":   {now: 59_900, due: due, late: 60_000, want: 60_000, again: due},
		"before what it had to do":      {now: 60_900, due: due, work: true, late: 60_000, want: 60_900},
		"without a deadline":            {now: 1_000, due: never, late: 60_000, want: 61_000},
		"without a deadline, with work": {now: 1_000, due: never, work: true, late: 60_000, want: 1_000},
	} {
		t.Run(name, func(t *testing.T) {
			w := wakeup{at: never}
			now := c.now + max(0, w.plan(c.now, c.due, c.work)) + c.late
			now -= w.late(now)
			if now != c.want {
				t.Errorf("clock: got %d, want %d", now, c.want)
			}
			if c.again != 0 {
				now += w.plan(now, c.due, false) + c.late
				if now -= w.late(now); now != c.again {
					t.Errorf("clock after being late again: got %d, want %d: it has had its grace", now, c.again)
				}
			}
		})
	}
}

// TestALoopWhoseTurnsTakeLongStillComesToItsDeadlines has a machine on which each turn takes long, and there is work for each.
func TestALoopWhoseTurnsTakeLongStillComesToItsDeadlines(t *testing.T) {
	const due, turn = 61_000, lostMillisMin + 50
	w, now := wakeup{at: never}, int64(1_000)
	for range 2 * due / turn {
		w.plan(now, due, true)
		now += turn
		now -= w.late(now)
	}
	if now < due {
		t.Errorf("clock after two minutes: got %d, want %d at least", now, due)
	}
	w.plan(now, now+due, true)
	now++
	now -= w.late(now)
	began := now
	w.plan(now, now+due, true)
	now += due
	if now -= w.late(now); now != began {
		t.Errorf("clock after a pause behind a turn that was in time: got %d, want %d", now, began)
	}
}

// pause keeps the first loop from its work for so long.
func (r *rig) pause(d time.Duration) { r.onLoop(func(*loop) { time.Sleep(d) }) }

func TestAPauseEndsNoRequest(t *testing.T) {
	for name, before := range map[string]string{"of a worker that takes its time": "abcd", "that sends its body slowly": "ab"} {
		t.Run(name, func(t *testing.T) {
			release := make(chan struct{})
			r := newRig(t, func(o *Options) { o.ProxyReadTimeout, o.ClientBodyTimeout = 500*time.Millisecond, 500*time.Millisecond })
			stub := newStub(t, func(q *stubRequest) bool {
				_, _ = q.body()
				<-release
				return q.ok("ok")
			})
			r.workers(stub.address)
			c := r.client()
			c.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n" + before)
			eventually(t, "the request is under way", func() bool { return r.exchanges() == 1 })
			r.pause(1500 * time.Millisecond)
			r.exchanges() // a turn, in which timers run out
			c.send("abcd"[len(before):])
			time.AfterFunc(100*time.Millisecond, func() { close(release) })
			c.read("GET").want(t, 200, "ok")
		})
	}
}

func TestAPauseEndsNoConnectionThatIsIdle(t *testing.T) {
	r := newRig(t, func(o *Options) { o.KeepaliveTimeout = 600 * time.Millisecond })
	stub := newStub(t, okStub)
	r.workers(stub.address)
	c := r.client()
	c.do(request("GET", "")).want(t, 200, "ok")
	r.pause(1500 * time.Millisecond)
	r.exchanges() // a turn, in which timers run out
	c.do(request("GET", "")).want(t, 200, "ok")
}

func TestAPauseEndsNoWaitInTheQueue(t *testing.T) {
	r := newRig(t, func(o *Options) { o.QueueTimeout = 500 * time.Millisecond })
	stub := newStub(t, okStub)
	c := r.client()
	c.send(request("GET", ""))
	eventually(t, "the request is under way", func() bool { return r.exchanges() == 1 })
	r.pause(1500 * time.Millisecond)
	r.workers(stub.address)
	c.read("GET").want(t, 200, "ok")
}

// A worker ends what is idle by its own clock: what was kept over a pause gets nothing that must not be repeated.
func TestAConnectionThatWasKeptOverAPauseCarriesNoPOST(t *testing.T) {
	r := newRig(t, func(o *Options) { o.ProxyKeepaliveTimeout = time.Minute })
	stub := newStub(t, okStub)
	r.workers(stub.address)
	c := r.client()
	c.do(request("GET", "")).want(t, 200, "ok")
	r.onLoop(func(l *loop) { l.wake.lost += 10_000 })
	c.do(request("POST", "abc")).want(t, 200, "ok")
	wantCount(t, "connections to the worker", stub.conns.Load(), 2)
}

func TestDeadlinesStillEndWhatIsStuck(t *testing.T) {
	r := newRig(t, func(o *Options) { o.ProxyReadTimeout = 300 * time.Millisecond })
	stub := newStub(t, silent)
	r.workers(stub.address)
	c := r.client()
	c.send(request("GET", ""))
	eventually(t, "the request is under way", func() bool { return r.exchanges() == 1 })
	r.pause(900 * time.Millisecond)
	begun := time.Now()
	c.read("GET").want(t, 504, "~did not answer in time")
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("504 after a pause: got it after %v, want it within a second or so", took)
	}
}

func okStub(q *stubRequest) bool {
	_, _ = q.body()
	return q.ok("ok")
}
