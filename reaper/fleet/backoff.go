package fleet

import "time"

// doublingsMax keeps the shift from overflowing; any sensible Cap is reached long before.
const doublingsMax = 32

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

// refusedCap is the least cap while the machine refuses starts: what has been taken up is seldom free again within a second.
const refusedCap = 5 * time.Second

// refused is the back-off after starts that the machine refused, if they were.
func (b Backoff) refused(by bool) Backoff {
	if by {
		b.Cap = max(b.Cap, refusedCap)
	}
	return b
}

func (b Backoff) spread(d time.Duration, chance float64) time.Duration {
	return time.Duration(float64(d) * (1 + b.Jitter*(2*chance-1)))
}
