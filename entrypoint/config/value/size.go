package value

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

var (
	errSize      = errors.New("is not a size: write whole bytes, or a unit as in 64KB")
	errSizeRange = errors.New("is larger than 8 EiB")
)

// Size is a number of bytes. Every unit is a power of 1024, as in nginx and Docker: 64K, 64KB and 64KiB are the same.
type Size int64

// UnmarshalText reads digits and one of B, K, KB, KiB, M, MB, MiB, G, GB, GiB in any case, or no unit for bytes.
func (s *Size) UnmarshalText(text []byte) error {
	digits := strings.TrimRight(string(text), "BKMGIbkmgi ")
	unit := strings.ToLower(strings.TrimSpace(string(text[len(digits):])))
	shift, err := sizeShift(unit)
	if err != nil {
		return err
	}
	n, err := strconv.ParseUint(digits, 10, 63)
	switch {
	case errors.Is(err, strconv.ErrRange), err == nil && n > math.MaxInt64>>shift:
		return errSizeRange
	case err != nil:
		return errSize
	}
	*s = Size(n << shift)
	return nil
}

func sizeShift(unit string) (uint, error) {
	switch unit {
	case "", "b":
		return 0, nil
	case "k", "kb", "kib":
		return 10, nil
	case "m", "mb", "mib":
		return 20, nil
	case "g", "gb", "gib":
		return 30, nil
	default:
		return 0, errSize
	}
}

// String uses the largest unit that leaves a whole number: 64KB, 1GB, 1000.
func (s Size) String() string {
	switch {
	case s == 0:
	case s&(1<<30-1) == 0:
		return fmt.Sprintf("%dGB", s>>30)
	case s&(1<<20-1) == 0:
		return fmt.Sprintf("%dMB", s>>20)
	case s&(1<<10-1) == 0:
		return fmt.Sprintf("%dKB", s>>10)
	}
	return strconv.FormatInt(int64(s), 10)
}

// Syntax is what UnmarshalText takes, in a few words.
func (Size) Syntax() string { return "size" }
