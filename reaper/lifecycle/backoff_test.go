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
