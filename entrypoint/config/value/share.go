package value

import (
	"errors"
	"strconv"
	"strings"
)

// Share is a part of the whole, from 0 to 1.
type Share float64

var errShare = errors.New("is not a share: write 0 to 1, or 0% to 100%")

// UnmarshalText reads a number from 0 to 1, or a percentage.
func (s *Share) UnmarshalText(text []byte) error {
	digits, percent := strings.CutSuffix(string(text), "%")
	n, err := strconv.ParseFloat(digits, 64)
	if percent {
		n /= 100
	}
	if err != nil || !(n >= 0 && n <= 1) { // NaN is neither
		return errShare
	}
	*s = Share(n)
	return nil
}

// String is the number.
func (s Share) String() string { return strconv.FormatFloat(float64(s), 'g', -1, 64) }

// Syntax is what UnmarshalText takes, in a few words.
func (Share) Syntax() string { return "0 to 1" }
