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

func TestWhatAnEndIsByAutorestart(t *testing.T) {
	code := func(n int) reaper.Exit { return reaper.Exit{Code: n} }
	for name, c := range map[string]struct {
		policy Policy
		exit   reaper.Exit
		want   Event
	}{
		"always, a success":                   {Policy{}, code(0), EventFailed},
		"always, an expected code":            {Policy{ExitCodes: []int{3}}, code(3), EventFailed},
		"never, a success":                    {Policy{Autorestart: Never}, code(0), EventFinished},
		"never, a crash":                      {Policy{Autorestart: Never}, reaper.Exit{Signal: syscall.SIGSEGV}, EventFinished},
		"unexpected, an expected code":        {Policy{Autorestart: Unexpected, ExitCodes: []int{0, 3}}, code(3), EventFinished},
		"unexpected, another code":            {Policy{Autorestart: Unexpected, ExitCodes: []int{0, 3}}, code(4), EventFailed},
		"unexpected, a signal is no code":     {Policy{Autorestart: Unexpected, ExitCodes: []int{0}}, reaper.Exit{Signal: syscall.SIGTERM}, EventFailed},
		"unexpected, and nothing is expected": {Policy{Autorestart: Unexpected}, code(0), EventFailed},
	} {
		c.policy.StartRetries, c.policy.StartSecs = -1, time.Second
		if got := c.policy.Judge(Life{Exit: c.exit}).Event; got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

func TestAVerdictSaysHowLongToWait(t *testing.T) {
	b := Backoff{Base: time.Second, Cap: 4 * time.Second}
	for name, c := range map[string]struct {
		verdict Verdict
		want    time.Duration
	}{
		"the first failure": {Verdict{Streak: 1}, time.Second},
		"the third":         {Verdict{Streak: 3}, 4 * time.Second},
		"the cap":           {Verdict{Streak: 30}, 4 * time.Second},
		"a kill from outside, whatever was before":      {Verdict{Streak: 30, Shortest: true}, time.Second},
		"a refusal of the machine, whatever was before": {Verdict{Streak: 30, Refusals: 1}, time.Second},
		"the machine's cap is wider":                    {Verdict{Refusals: 30}, refusedCap},
	} {
		if got := c.verdict.Delay(b, 0.5); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}
