package value

import (
	"errors"
	"strconv"
	"strings"
)

// Share is a part of the whole, from 0 to 1.
type Share float64

var errShare = errors.New("not a part of the whole: 0 to 1, or 0% to 100%")

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

func (Share) Syntax() string { return "0 to 1" }

// Paths are paths of requests.
type Paths []string

// UnmarshalText reads a comma-separated list of `/path`, or `/folder/` for all below it.
func (p *Paths) UnmarshalText(text []byte) error {
	var list Paths
	for item := range strings.SplitSeq(string(text), ",") {
		item = strings.TrimSpace(item)
		switch {
		case !strings.HasPrefix(item, "/"):
			return errors.New("not paths that begin with a slash, as in /healthz,/static/")
		case strings.ContainsAny(item, "?#"):
			return errors.New("paths have no query")
		}
		list = append(list, item)
	}
	*p = list
	return nil
}

// String is the list with commas.
func (p Paths) String() string { return strings.Join(p, ",") }

func (Paths) Syntax() string { return "paths" }
