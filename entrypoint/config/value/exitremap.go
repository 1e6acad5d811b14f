package value

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// ExitRemap says which exit codes become which others.
type ExitRemap map[int]int

// UnmarshalText reads `143:0` or `143:0,3:4`.
func (m *ExitRemap) UnmarshalText(text []byte) error {
	all := ExitRemap{}
	for item := range strings.SplitSeq(string(text), ",") {
		from, to, _ := strings.Cut(item, ":")
		old, errOld := strconv.ParseUint(strings.TrimSpace(from), 10, 8)
		code, errCode := strconv.ParseUint(strings.TrimSpace(to), 10, 8)
		if errOld != nil || errCode != nil {
			return errors.New("is not a list of exit codes from 0 to 255, as in 143:0,3:4")
		}
		if _, twice := all[int(old)]; twice {
			return errors.New("has exit code " + strconv.Itoa(int(old)) + " twice")
		}
		all[int(old)] = int(code)
	}
	*m = all
	return nil
}

// String is the list, in order.
func (m ExitRemap) String() string {
	var words []string
	for from, to := range m {
		words = append(words, strconv.Itoa(from)+":"+strconv.Itoa(to))
	}
	slices.Sort(words)
	return strings.Join(words, ",")
}

// Syntax is what UnmarshalText takes, in a few words.
func (ExitRemap) Syntax() string { return "list of number:number, each 0 to 255" }
