package initsuite

import (
	"fmt"
	"time"
)

// answer is the kind of a verdict.
type answer int

const (
	absent  answer = iota // the init has no such feature
	no                    // the promise is broken
	yes                   // the promise is kept
	figure                // a measured value without a promise
	unknown               // the scenario could not be run here
)

// verdict is what a scenario found out.
type verdict struct {
	answer answer
	score  float64 // what inits are ranked by; lower is better
	detail string  // what was seen
}

func kept() verdict { return verdict{answer: yes} }

func broken(format string, args ...any) verdict {
	return verdict{answer: no, score: 1, detail: fmt.Sprintf(format, args...)}
}

// judge is kept when ok, else broken with what was seen.
func judge(ok bool, format string, args ...any) verdict {
	if ok {
		return kept()
	}
	return broken(format, args...)
}

// count is kept when all were good, and says how many were in any case.
func count(good, all int, detail string) verdict {
	v := verdict{answer: yes, detail: fmt.Sprintf("%d of %d", good, all)}
	if good < all {
		v.answer, v.score = no, float64(all-good)/float64(all)
		if detail != "" {
			v.detail += ": " + detail
		}
	}
	return v
}

// measured is a figure with a unit; with a limit it is a promise too. A limit of 0 is none.
func measured(value, limit float64, unit string) verdict {
	v := verdict{answer: figure, score: value, detail: fmt.Sprintf("%.4g %s", value, unit)}
	if limit > 0 {
		v.answer = yes
		if value > limit {
			v.answer = no
			v.detail += fmt.Sprintf(" (limit %.4g)", limit)
		}
	}
	return v
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// String is the cell of the table.
func (v verdict) String() string {
	words := [...]string{absent: "n/a", no: "no", yes: "yes", figure: "", unknown: "?"}
	switch {
	case v.answer == figure:
		return v.detail
	case v.detail == "":
		return words[v.answer]
	}
	return words[v.answer] + ", " + v.detail
}

// better says that v is strictly ahead of other. What could not be run is neither.
func (v verdict) better(other verdict) bool {
	if v.answer == unknown || other.answer == unknown {
		return false
	}
	good := func(a answer) bool { return a == yes || a == figure }
	if good(v.answer) != good(other.answer) {
		return good(v.answer)
	}
	return v.answer != absent && other.answer != absent && v.score < other.score
}
