package notice

// PaceMillis is the least time between two lines about the same trouble.
const PaceMillis = 60_000

// Pace keeps what strangers bring about by their mere number to a line a minute: the access log has each. The zero
// value has said nothing yet.
type Pace struct {
	last   int64 // when there was a line, in milliseconds on the caller's clock; 0 is never
	others int   // how many there have been since
}

// Admit reports whether there is to be a line now, and how many had none since the one before.
func (p *Pace) Admit(now int64) (others int, line bool) {
	if p.last != 0 && now-p.last < PaceMillis {
		p.others++
		return 0, false
	}
	others = p.others
	p.last, p.others = now, 0
	return others, true
}
