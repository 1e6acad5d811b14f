package lifecycle

import (
	"syscall"
	"testing"
	"time"

	"percore/reaper"
)

func TestADeathIsJudgedByTheLifeBeforeIt(t *testing.T) {
	p := Policy{StartSecs: time.Second, StartRetries: 3}
	crash, outside := reaper.Exit{Signal: syscall.SIGSEGV}, reaper.Exit{Signal: syscall.SIGKILL}
	exit := func(e reaper.Exit, uptime time.Duration) reaper.Exit {
		e.Uptime = uptime
		return e
	}
	tests := []struct {
		name string
		life Life
		want Verdict
	}{
		{
			"a life of exactly StartSecs is stable",
			Life{Exit: exit(crash, time.Second), WasReady: true, Streak: 2},
			Verdict{Event: EventLost},
		},
		{
			"a moment less is not",
			Life{Exit: exit(crash, time.Second-1), WasReady: true, Streak: 2},
			Verdict{Event: EventFailed, Streak: 3},
		},
		{
			"nor is a long life that was never ready",
			Life{Exit: exit(crash, time.Hour)},
			Verdict{Event: EventFailed, Streak: 1},
		},
		{
			"one failure more than StartRetries is one too many",
			Life{Exit: exit(crash, 0), Streak: 3},
			Verdict{Event: EventExhausted, Streak: 4},
		},
		{
			"unless a sibling serves",
			Life{Exit: exit(crash, 0), Streak: 3, SiblingHolds: true},
			Verdict{Event: EventFailed, Streak: 4},
		},
		{
			"a kill from outside counts nothing",
			Life{Exit: exit(outside, 0), WasReady: true, Streak: 3},
			Verdict{Event: EventFailed, Streak: 3, Shortest: true},
		},
		{
			"not even before it was ready, when it has been ready in an earlier life",
			Life{Exit: exit(outside, 0), Proven: true, Streak: 3},
			Verdict{Event: EventFailed, Streak: 3, Shortest: true},
		},
		{
			"a worker that was never ready may be dying of itself",
			Life{Exit: exit(outside, 0), Streak: 3},
			Verdict{Event: EventExhausted, Streak: 4},
		},
		{
			"our own kill does",
			Life{Exit: exit(outside, 0), WasReady: true, KilledByUs: true, Streak: 3},
			Verdict{Event: EventExhausted, Streak: 4},
		},
		{
			"so does the memory limit's",
			Life{Exit: exit(outside, 0), WasReady: true, OOMKilled: true, Streak: 1},
			Verdict{Event: EventFailed, Streak: 2},
		},
		{
			"another signal from outside does too: it looks like a crash",
			Life{Exit: exit(crash, 0), WasReady: true, Streak: 1},
			Verdict{Event: EventFailed, Streak: 2},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := p.Judge(tt.life); got != tt.want {
				t.Errorf("Judge: got %+v, want %+v", got, tt.want)
			}
		})
	}
	p.StartRetries = -1
	if got := p.JudgeFailure(1000, false); got.Event != EventFailed {
		t.Errorf("failure 1001 with StartRetries -1: got %v, want %v", got.Event, EventFailed)
	}
}
