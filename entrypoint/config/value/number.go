package value

import (
	"errors"
	"strconv"
	"strings"
)

// Bool is a boolean in any of the spellings that compose files and images use.
type Bool bool

// UnmarshalText reads true, yes, on, 1, false, no, off or 0, in any case.
func (b *Bool) UnmarshalText(text []byte) error {
	switch strings.ToLower(string(text)) {
	case "true", "yes", "on", "1":
		*b = true
	case "false", "no", "off", "0":
		*b = false
	default:
		return errors.New("is not a boolean: write true, yes, on, 1, false, no, off or 0")
	}
	return nil
}

// String is true or false.
func (b Bool) String() string { return strconv.FormatBool(bool(b)) }

// Syntax is what UnmarshalText takes, in a few words.
func (Bool) Syntax() string { return "boolean" }

// Int is a whole number in decimal: 010 is ten, not eight as it is for envconfig's own integers.
type Int int

// UnmarshalText reads decimal digits, with a minus before them if need be.
func (n *Int) UnmarshalText(text []byte) error {
	parsed, err := strconv.ParseInt(string(text), 10, 32)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return errors.New("is too large a number")
	case err != nil:
		return errors.New("is not a whole number")
	}
	*n = Int(parsed)
	return nil
}

// String is n in decimal.
func (n Int) String() string { return strconv.Itoa(int(n)) }

// Syntax is what UnmarshalText takes, in a few words.
func (Int) Syntax() string { return "number" }

// Auto is the Count that is worked out from the usable CPUs.
const Auto Count = 0

// Count is a number of processes or loops, at least 1, or Auto.
type Count int

// UnmarshalText reads `auto` or a number from 1 on.
func (c *Count) UnmarshalText(text []byte) error {
	if strings.EqualFold(string(text), "auto") {
		*c = Auto
		return nil
	}
	var n Int
	if err := n.UnmarshalText(text); err != nil {
		return errors.New("is neither auto nor a whole number")
	}
	if n < 1 {
		return errors.New("is neither auto nor at least 1")
	}
	*c = Count(n)
	return nil
}

// Or is c, or n where c is Auto.
func (c Count) Or(n int) int {
	if c == Auto {
		return n
	}
	return int(c)
}

// String is auto or c in decimal.
func (c Count) String() string {
	if c == Auto {
		return "auto"
	}
	return strconv.Itoa(int(c))
}

// Syntax is what UnmarshalText takes, in a few words.
func (Count) Syntax() string { return "`auto` or number" }
