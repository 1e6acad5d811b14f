package buffer

const (
	// crampedPart: the buffers are cramped when so much of their budget, one part of it, is left.
	crampedPart = 16
	// reservePart: beyond the budget there is a reserve of one part of it.
	reservePart = 8
)

// Pressure is how near the buffers are to their budget.
type Pressure uint8

// The pressures, each harder than the one before.
const (
	None Pressure = iota // no more than half of it is used
	Lean                 // beyond half: reads are small, and no body is held that needs a buffer of its own
	Full                 // beyond all of it: the smallest reads, and no new request
)

// Pressure is how near the buffers are to their budget now.
func (p *Pool) Pressure() Pressure {
	switch {
	case p.budget == 0 || p.used <= p.budget/2:
		return None
	case p.used <= p.budget:
		return Lean
	default:
		return Full
	}
}

// IsTight reports whether most of the budget is used. What a client does not take of one read holds a buffer until it
// is late, so small reads let three times as many be late before others are refused.
func (p *Pool) IsTight() bool { return p.budget > 0 && p.used > p.budget/4*3 }

// IsCramped reports whether next to nothing is left of the budget.
func (p *Pool) IsCramped() bool { return p.budget > 0 && p.used > p.budget-p.budget/crampedPart }

// HasReserve reports whether there is something left of what may be used beyond the budget.
func (p *Pool) HasReserve() bool { return p.used <= p.budget+p.budget/reservePart }

// SetBudget sets how many bytes should be handed out at most; 0 is no limit.
func (p *Pool) SetBudget(bytes int64) { p.budget = bytes }

// Used is how many bytes are handed out.
func (p *Pool) Used() int64 { return p.used }
