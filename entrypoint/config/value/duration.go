package value

import (
	"errors"
	"math"
	"strconv"
	"time"
)

// durationMax is a year: no timeout here is meant to be longer, and sums of a few stay far from overflow.
const durationMax = 365 * 24 * time.Hour

var (
	errDuration      = errors.New("is not a duration: write seconds, or units as in 1m30s")
	errDurationRange = errors.New("is not between 0 and a year")
)

// Duration is a length of time that is not negative, written as bare seconds or in time.ParseDuration's syntax.
type Duration time.Duration

// UnmarshalText reads `10`, `0.5`, `250ms` or `1m30s`.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		seconds, err := parseSeconds(string(text))
		if err != nil {
			return err
		}
		parsed = time.Duration(math.Round(seconds * float64(time.Second)))
	}
	if parsed < 0 || parsed > durationMax {
		return errDurationRange
	}
	*d = Duration(parsed)
	return nil
}

// parseSeconds takes decimal digits and one point only: ParseFloat alone would also take 1e3, 0x10, 1_0 and inf.
func parseSeconds(text string) (float64, error) {
	for i, c := range text {
		if (c < '0' || c > '9') && c != '.' && (i > 0 || c != '-') {
			return 0, errDuration
		}
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, errDuration
	}
	if seconds < 0 || seconds > durationMax.Seconds() { // before the conversion, which would overflow
		return 0, errDurationRange
	}
	return seconds, nil
}

// String is the shortest Go form: 1h rather than 1h0m0s.
func (d Duration) String() string {
	text := time.Duration(d).String()
	if n := len(text) - len("m0s"); n > 0 && text[n:] == "m0s" {
		text = text[:n+1]
	}
	if n := len(text) - len("h0m"); n > 0 && text[n:] == "h0m" {
		text = text[:n+1]
	}
	return text
}

// Syntax is what UnmarshalText takes, in a few words.
func (Duration) Syntax() string { return "duration" }
