package lifecycle

import (
	"testing"
	"time"
)

func TestBackoffDoublesUpToItsCapWithinItsJitter(t *testing.T) {
	b := Backoff{Base: 250 * time.Millisecond, Cap: 30 * time.Second, Jitter: 0.2}
	tests := []struct {
		streak int
		chance float64
		want   time.Duration
	}{
		{0, 0.5, 250 * time.Millisecond},
		{1, 0.5, 250 * time.Millisecond},
		{2, 0.5, 500 * time.Millisecond},
		{7, 0.5, 16 * time.Second},
		{8, 0.5, 30 * time.Second},
		{1000000, 0.5, 30 * time.Second},
		{1, 0, 200 * time.Millisecond},
		{8, 0, 24 * time.Second},
	}
	for _, tt := range tests {
		if got := b.delay(tt.streak, tt.chance); got != tt.want {
			t.Errorf("delay(%d, %v): got %v, want %v", tt.streak, tt.chance, got, tt.want)
		}
	}
	for streak := range 100 {
		if got := b.delay(streak, 0.999999); got > 36*time.Second || got < 250*time.Millisecond {
			t.Errorf("delay(%d) at its longest: got %v, want at most 36s", streak, got)
		}
	}
}

func TestABackoffHasDefaults(t *testing.T) {
	for name, c := range map[string]struct{ given, want Backoff }{
		"nothing":        {Backoff{}, Backoff{Base: 250 * time.Millisecond, Cap: 30 * time.Second, Jitter: 0.2}},
		"all of it":      {Backoff{Base: 1, Cap: 2, Jitter: 0.5}, Backoff{Base: 1, Cap: 2, Jitter: 0.5}},
		"no jitter":      {Backoff{Jitter: -1}, Backoff{Base: 250 * time.Millisecond, Cap: 30 * time.Second}},
		"negative times": {Backoff{Base: -1, Cap: -1, Jitter: 0.2}, Backoff{Base: 250 * time.Millisecond, Cap: 30 * time.Second, Jitter: 0.2}},
	} {
		if got := c.given.WithDefaults(); got != c.want {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}
