package value

import (
	"errors"
	"strings"
)

// Names is PERCORE_PROGRAMS: the names of further programs, which come as Labels.
type Names []string

// UnmarshalText reads `mailer` or `mailer,cron`.
func (n *Names) UnmarshalText(text []byte) error {
	var list Names
	for item := range strings.SplitSeq(string(text), ",") {
		var name Label
		if err := name.UnmarshalText([]byte(strings.TrimSpace(item))); err != nil {
			return errors.New("is not a list of names: letters, digits, dots, dashes, underscores")
		}
		list = append(list, string(name))
	}
	*n = list
	return nil
}

// String is the list with commas.
func (n Names) String() string { return strings.Join(n, ",") }

// Syntax is what UnmarshalText takes, in a few words.
func (Names) Syntax() string { return "list of names" }
