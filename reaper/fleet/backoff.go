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

func (b Backoff) spread(d time.Duration, chance float64) time.Duration {
	return time.Duration(float64(d) * (1 + b.Jitter*(2*chance-1)))
}
