package value

import (
	"errors"
	"fmt"
	"strconv"
)

// Umask is a file mode creation mask (man 2 umask).
type Umask struct {
	Bits int
	Set  bool // or else the one that percore has
}

// umaskMax are the permission bits that a mask can have.
const umaskMax = 0o777

// UnmarshalText reads octal digits, as 022, 0o22 or 22.
func (u *Umask) UnmarshalText(text []byte) error {
	digits := string(text)
	if len(digits) > 2 && digits[:2] == "0o" {
		digits = digits[2:]
	}
	bits, err := strconv.ParseUint(digits, 8, 16)
	if err != nil || bits > umaskMax {
		return errors.New("is not an octal mask from 000 to 777")
	}
	*u = Umask{Bits: int(bits), Set: true}
	return nil
}

// String is three octal digits, or nothing.
func (u Umask) String() string {
	if !u.Set {
		return ""
	}
	return fmt.Sprintf("%03o", u.Bits)
}

// Syntax is what UnmarshalText takes, in a few words.
func (Umask) Syntax() string { return "octal number, 000 to 777" }
