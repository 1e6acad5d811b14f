package alarm_test

import (
	"testing"
	"time"

	"percore/reaper/alarm"
)

func TestDurationsAreWordsPeopleUse(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 45*time.Millisecond + 400*time.Microsecond: "45ms", 12345 * time.Millisecond: "12.3s",
		61500 * time.Millisecond: "1m2s", 3*time.Hour + 2*time.Minute + 10*time.Second: "3h2m", time.Hour: "1h0m",
	} {
		if got := alarm.Words(d); got != want {
			t.Errorf("Words(%d): got %q, want %q", d, got, want)
		}
	}
}

func TestWordsAreRoundedToWhatMatters(t *testing.T) {
	for d, want := range map[time.Duration]string{
		999*time.Millisecond + 600*time.Microsecond: "1s", time.Minute - time.Millisecond: "1m0s",
		time.Hour - 400*time.Millisecond: "1h0m0s", 49 * time.Hour: "49h0m",
	} {
		if got := alarm.Words(d); got != want {
			t.Errorf("Words(%v): got %q, want %q", d, got, want)
		}
	}
}
