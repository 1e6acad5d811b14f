package value

import (
	"errors"
	"strings"
)

// Paths are paths of requests.
type Paths []string

// UnmarshalText reads a comma-separated list of `/path`, or `/folder/` for all below it.
func (p *Paths) UnmarshalText(text []byte) error {
	var list Paths
	for item := range strings.SplitSeq(string(text), ",") {
		item = strings.TrimSpace(item)
		switch {
		case !strings.HasPrefix(item, "/"):
			return errors.New("needs paths that begin with a slash, as in /healthz,/static/")
		case strings.ContainsAny(item, "?#"):
			return errors.New("has a query: write the path alone")
		}
		list = append(list, item)
	}
	*p = list
	return nil
}

// String is the list with commas.
func (p Paths) String() string { return strings.Join(p, ",") }

// Syntax is what UnmarshalText takes, in a few words.
func (Paths) Syntax() string { return "paths" }
