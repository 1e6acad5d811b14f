package lifecycle

import "time"

// Backoff is the delay before the start that follows a failed one: Base·2ⁿ, never above Cap, then up to
// Jitter more or less, so that workers that fail together do not return together.
type Backoff struct {
	Base, Cap time.Duration // 250 ms and 30 s when 0
	Jitter    float64       // 0.2 is ±20 %; below 0 is none, 0 is the default 0.2
}

// Defaults of a Backoff; the numbers are those of the configuration's reference.
const (
	defaultBase   = 250 * time.Millisecond
	defaultCap    = 30 * time.Second
	defaultJitter = 0.2
)

const (
	// doublingsMax keeps the shift from overflowing; any sensible Cap is reached long before.
	doublingsMax = 32
	// refusedCap is the least cap while the machine refuses starts: what has been taken up is seldom free again
	// within a second.
	refusedCap = 5 * time.Second
)

// WithDefaults puts the defaults where nothing was chosen.
func (b Backoff) WithDefaults() Backoff {
	if b.Base <= 0 {
		b.Base = defaultBase
	}
	if b.Cap <= 0 {
		b.Cap = defaultCap
	}
	if b.Jitter == 0 {
		b.Jitter = defaultJitter
	}
	b.Jitter = max(b.Jitter, 0)
	return b
}

// delay is how long to wait after failed start number streak, counted from 1. chance is in [0,1) and places
// the delay within the jitter.
func (b Backoff) delay(streak int, chance float64) time.Duration {
	d := b.Base
	for range min(max(streak-1, 0), doublingsMax) {
		if d >= b.Cap/2 {
			d = b.Cap
			break
		}
		d *= 2
	}
	return b.spread(min(d, b.Cap), chance)
}

// refused is the back-off after starts that the machine refused.
func (b Backoff) refused() Backoff {
	b.Cap = max(b.Cap, refusedCap)
	return b
}

func (b Backoff) spread(d time.Duration, chance float64) time.Duration {
	return time.Duration(float64(d) * (1 + b.Jitter*(2*chance-1)))
}
