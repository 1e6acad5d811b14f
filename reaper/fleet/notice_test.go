package fleet

import (
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"percore/reaper"
	"percore/reaper/notify"
	"percore/reaper/probe"
)

// notifying is a fleet whose workers say how they are, without a socket: time stands still only for what waits in the
// bubble.
func notifying(t *testing.T, n int, body func(*rig)) {
	t.Helper()
	notifyingWith(t, n, nil, body)
}

// notifyingWith has a front door where quiesce is not nil.
func notifyingWith(t *testing.T, n int, quiesce func(), body func(*rig)) {
	t.Helper()
	p := tornado(n)
	p.Ready = probe.Check{Kind: probe.Notify}
	socket := openNotices(t)
	inBubble(t, Options{Programs: []Program{p}, Quiesce: quiesce}, func(r *rig) {
		r.fleet.supervisor.notices = socket
		r.run()
		body(r)
		r.finish()
	})
}

// openNotices makes a socket that is not read; the fleet closes it.
func openNotices(t *testing.T) *notify.Socket {
	t.Helper()
	socket, err := notify.Open()
	if err != nil {
		t.Fatal(err)
	}
	return socket
}

func (r *rig) notice(pid int, text string) {
	r.fleet.mail.post(func() { r.fleet.upkeep.heed(notify.Sender{PID: pid, UID: os.Getuid()}, text) })
	synctest.Wait()
}

func TestAWorkerIsReadyWhenItSaysSo(t *testing.T) {
	notifying(t, 2, func(r *rig) {
		r.pass(30 * time.Second)
		r.expectStates("STARTING", "STARTING")
		if env := r.process("tornado-8000").spec.Env; !slices.Contains(env, "NOTIFY_SOCKET="+r.fleet.supervisor.notices.Address()) ||
			!slices.Contains(env, "WATCHDOG_USEC=15000000") {
			t.Errorf("environment: got %v, want the socket and the watchdog in it", env)
		}
		r.notice(2, "STATUS=warm\nREADY=1\n")
		r.notice(99999999, "READY=1")
		r.expectStates("STARTING", "RUNNING")
		r.notice(1, "EXTEND_TIMEOUT_USEC=100000000")
		r.pass(90 * time.Second)
		r.expectStates("STARTING", "RUNNING")
		r.notice(1, "READY=1")
		r.expectEndpoints(Up, Up)
		r.notice(1, "STOPPING=1")
		r.expectEndpoints(Draining, Up)
		r.expectSignals("tornado-8000")
	})
}

func TestTheWatchdogBitesWhoeverFallsSilent(t *testing.T) {
	notifying(t, 2, func(r *rig) {
		r.notice(1, "READY=1")
		r.notice(2, "READY=1")
		for range 10 {
			r.notice(1, "WATCHDOG=1") // the other one never speaks, and need not
			r.pass(14 * time.Second)
		}
		r.expectIncarnations(1, 1)
		r.pass(2 * time.Second)
		r.expectIncarnations(2, 1)
		r.notice(2, "WATCHDOG=trigger")
		r.expectLog(1, "watchdog: the worker itself says so")
	})
}

func TestAWorkerThatSaysThatItLeavesAndStaysIsReplaced(t *testing.T) {
	notifying(t, 2, func(r *rig) {
		r.notice(1, "READY=1")
		r.notice(2, "READY=1")
		r.notice(1, "STOPPING=1")
		r.pass(defaultStopWait - time.Millisecond)
		r.expectIncarnations(1, 1)
		r.expectSignals("tornado-8000")
		r.pass(time.Millisecond)
		r.expectIncarnations(2, 1)
		r.expectLog(1, "still there after 10s")
		r.notice(3, "READY=1")
		r.notice(3, "STOPPING=1")
		r.die("tornado-8000", reaper.Exit{})
		r.pass(time.Minute)
		r.expectIncarnations(3, 1) // it left in time
	})
}

func TestAWorkerThatSaysThatItLeavesIsReplacedAfterItsLastRequestOnly(t *testing.T) {
	for name, idle := range map[string]bool{"it has none": true, "it has one": false} {
		t.Run(name, func(t *testing.T) {
			notifyingWith(t, 2, func() {}, func(r *rig) {
				r.notice(1, "READY=1")
				r.notice(2, "READY=1")
				r.notice(1, "STOPPING=1")
				if idle {
					r.drained(0)
				}
				r.pass(defaultStopWait)
				first := r.process("tornado-8000")
				if idle {
					r.expectIncarnations(2, 1)
					return
				}
				r.expectIncarnations(1, 1)
				r.pass(defaultDrainTimeout - time.Millisecond)
				if r.hasEnded(first) {
					t.Error("got it stopped before the drain timeout")
				}
				r.drained(0)
				r.expectIncarnations(2, 1)
			})
		})
	}
}

func TestOnlyAWorkersOwnTreeWithItsUserSpeaksForIt(t *testing.T) {
	const stranger, child, dropped = 77, 78, 79
	p := tornado(1)
	p.Ready = probe.Check{Kind: probe.Notify}
	p.Credential = &reaper.Credential{UID: 1000}
	o := Options{
		Programs: []Program{p},
		Descends: func(pid, root int) bool { return root == 1 && (pid == child || pid == dropped) },
		UserOf:   func(int) (int, bool) { return 1001, true }, // it has changed it since
	}
	for _, c := range []struct {
		from  notify.Sender
		heard bool
	}{
		{notify.Sender{PID: stranger, UID: 1000}, false},
		{notify.Sender{PID: stranger, UID: 0}, false},
		{notify.Sender{PID: dropped, UID: 65534}, false},
		{notify.Sender{PID: 1, UID: 65534}, false},
		{notify.Sender{PID: 1, UID: 1000}, true},
		{notify.Sender{PID: child, UID: 1000}, true},
		{notify.Sender{PID: child, UID: 1001}, true},
		{notify.Sender{PID: child, UID: 0}, true},
	} {
		socket := openNotices(t)
		inBubble(t, o, func(r *rig) {
			r.fleet.supervisor.notices = socket
			r.run()
			r.fleet.mail.post(func() { r.fleet.upkeep.heed(c.from, "READY=1"); r.fleet.upkeep.heed(c.from, "READY=1") })
			synctest.Wait()
			if got := r.fleet.Status()[0].Ready; got != c.heard {
				t.Errorf("READY=1 of %+v: got heard %t, want %t", c.from, got, c.heard)
			}
			if c.from.UID == 65534 {
				r.expectLog(1, "notice ignored")
			}
			r.finish()
		})
	}
}
