package value

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// ExitCodes is a comma-separated list of exit codes, each 0 to 255.
type ExitCodes []int

// UnmarshalText reads `0` or `0, 2`.
func (e *ExitCodes) UnmarshalText(text []byte) error {
	var codes ExitCodes
	for item := range strings.SplitSeq(string(text), ",") {
		code, err := strconv.ParseUint(strings.TrimSpace(item), 10, 8)
		if err != nil {
			return errors.New("is not a list of exit codes from 0 to 255")
		}
		codes = append(codes, int(code))
	}
	*e = codes
	return nil
}

// Contains reports whether code is in the list.
func (e ExitCodes) Contains(code int) bool { return slices.Contains(e, code) }

// String is the list with commas.
func (e ExitCodes) String() string {
	words := make([]string, len(e))
	for i, code := range e {
		words[i] = strconv.Itoa(code)
	}
	return strings.Join(words, ",")
}

// Syntax is what UnmarshalText takes, in a few words.
func (ExitCodes) Syntax() string { return "list of numbers, 0 to 255" }
