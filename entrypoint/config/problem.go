package config

import (
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
)

// mask stands for a secret value; its length says nothing about the secret's.
const mask = "********"

// Problem is something wrong with one variable.
type Problem struct {
	Name  string `json:"name"`            // of the variable
	Value string `json:"value,omitempty"` // as it was given, or a mask; empty when there is no use in showing it
	What  string `json:"what"`            // what is wrong; never holds a secret
	Mend  string `json:"mend,omitempty"`  // what to do about it
}

// Problems is the error that Load returns: everything that is wrong, not only the first thing.
type Problems struct {
	List []Problem // in the order of the reference, unknown names last; never empty
}

// Error lays the problems out as a table: a line saying how many there are, then one line for each.
func (p *Problems) Error() string {
	var out strings.Builder
	if n := len(p.List); n == 1 {
		out.WriteString("1 problem in the configuration:\n")
	} else {
		fmt.Fprintf(&out, "%d problems in the configuration:\n", n)
	}
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	for _, one := range p.List {
		fmt.Fprintf(table, "  %s\t%s\t%s\n", one.assignment(), one.What, one.Mend)
	}
	table.Flush() //nolint:errcheck // a strings.Builder takes everything
	return strings.TrimRight(out.String(), "\n")
}

// valueShownMax keeps a pasted certificate from hiding the rest of the table.
const valueShownMax = 48

// assignment is the variable as a user would write it, on one line.
func (p Problem) assignment() string {
	value := p.Value
	if len(value) > valueShownMax {
		value = value[:valueShownMax] + "..."
	}
	if quoted := strconv.Quote(value); quoted != `"`+value+`"` || strings.ContainsAny(value, " ") {
		value = quoted // spaces end nothing, and control characters do not reach the terminal
	}
	if value == "" {
		return p.Name
	}
	return p.Name + "=" + value
}

// Warning is something that is probably not meant, but does not keep percore from starting.
type Warning Problem

// String is the warning in one line.
func (w Warning) String() string {
	text := Problem(w).assignment() + ": " + w.What
	if w.Mend != "" {
		text += "; " + w.Mend
	}
	return text
}
