package fleet

import (
	"testing"
	"time"

	"percore/reaper"
)

func TestDurationsAreWordsPeopleUse(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 45*time.Millisecond + 400*time.Microsecond: "45ms", 12345 * time.Millisecond: "12.3s",
		61500 * time.Millisecond: "1m2s", 3*time.Hour + 2*time.Minute + 10*time.Second: "3h2m", time.Hour: "1h0m",
	} {
		if got := words(d); got != want {
			t.Errorf("words(%d): got %q, want %q", d, got, want)
		}
	}
}

func TestADeathIsJudgedByTheLifeBeforeIt(t *testing.T) {
	p := Program{StartSecs: time.Second, StartRetries: 3}
	exit := func(e reaper.Exit, uptime time.Duration) reaper.Exit {
		e.Uptime = uptime
		return e
	}
	tests := []struct {
		name string
		life life
		want verdict
	}{
		{
			"a life of exactly StartSecs is stable",
			life{exit: exit(crash, time.Second), wasReady: true, streak: 2},
			verdict{event: evLost},
		},
		{
			"a moment less is not",
			life{exit: exit(crash, time.Second-1), wasReady: true, streak: 2},
			verdict{event: evFailed, streak: 3},
		},
		{
			"nor is a long life that was never ready",
			life{exit: exit(crash, time.Hour)},
			verdict{event: evFailed, streak: 1},
		},
		{
			"one failure more than StartRetries is one too many",
			life{exit: exit(crash, 0), streak: 3},
			verdict{event: evExhausted, streak: 4},
		},
		{
			"unless a sibling serves",
			life{exit: exit(crash, 0), streak: 3, siblingHolds: true},
			verdict{event: evFailed, streak: 4},
		},
		{
			"a kill from outside counts nothing",
			life{exit: exit(outside, 0), wasReady: true, streak: 3},
			verdict{event: evFailed, streak: 3, shortest: true},
		},
		{
			"not even before it was ready, when it has been ready in an earlier life",
			life{exit: exit(outside, 0), proven: true, streak: 3},
			verdict{event: evFailed, streak: 3, shortest: true},
		},
		{
			"a worker that was never ready may be dying of itself",
			life{exit: exit(outside, 0), streak: 3},
			verdict{event: evExhausted, streak: 4},
		},
		{
			"our own kill does",
			life{exit: exit(outside, 0), wasReady: true, killedByUs: true, streak: 3},
			verdict{event: evExhausted, streak: 4},
		},
		{
			"so does the memory limit's",
			life{exit: exit(outside, 0), wasReady: true, oomKilled: true, streak: 1},
			verdict{event: evFailed, streak: 2},
		},
		{
			"another signal from outside does too: it looks like a crash",
			life{exit: exit(crash, 0), wasReady: true, streak: 1},
			verdict{event: evFailed, streak: 2},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := p.judge(tt.life); got != tt.want {
				t.Errorf("judge: got %+v, want %+v", got, tt.want)
			}
		})
	}
	p.StartRetries = -1
	if got := p.judgeFailure(1000, false); got.event != evFailed {
		t.Errorf("failure 1001 with StartRetries -1: got %v, want %v", got.event, evFailed)
	}
}
