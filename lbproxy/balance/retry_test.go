package balance

import (
	"fmt"
	"strings"
	"testing"
)

// retryCells is what Decide says, in every cell: of each try exactly one row matches. The columns are the rule, and,
// as +, - or any: untouched, repeatable, others, usedSame, keptHere, up, known, suspect.
const retryCells = `
	no    . . . . . . . .   abort                   what is not repeated
	any   . . - . . . . .   abort                   others are switched off
	any   . . + . - . . .   other                   no byte was sent
	any   . . + . + . - -   other, suspicious       the backend closed a kept connection, and refuses another: it has died
	any   . . + . + . + .   other                   that is known
	any   . . + . + . - +   abort: closed           and it is not the first
	one   + . - . . . . .   abort                   the same for one that has died before it saw a byte
	one   + . + . - . . .   other
	one   + . + . + . - -   other, suspicious
	one   + . + . + . + .   other
	one   + . + . + . - +   abort: closed
	one   - . - . . . . .   abort                   a backend died with the request, and others are switched off
	one   - - + . . . . .   abort                   or to repeat it is not safe
	one   - + + . . . . +   abort                   or it is not the first
	one   - + + . . . . -   other, suspicious
	same  + . . - . + . .   same                    a kept connection closed before the request was sent
	same  - + . - . + . .   same                    or behind it, and to repeat it is safe
	same  + . - - . - . .   abort: closed           the backend is gone by now
	same  - + - - . - . .   abort: closed
	same  + . + - . - + .   anew
	same  - + + - . - + .   anew
	same  + . + - . - - -   anew, suspicious
	same  - + + - . - - -   anew, suspicious
	same  + . + - . - - +   abort: closed
	same  - + + - . - - +   abort: closed
	same  - - . - . . . .   abort                   to repeat it is not safe
	same  . - . + . . . .   abort                   the free repeat is used up
	same  . + - + . . . .   abort
	same  . + + + . . . +   abort
	same  . + + + . . . -   other, suspicious`

func TestARetryIsDecidedCellByCell(t *testing.T) {
	matched := map[string]int{}
	for cell := range 4 << 8 {
		try := Try{Rule: Rule(cell >> 8)}
		facts := []*bool{
			&try.Untouched, &try.Repeatable, &try.Others, &try.UsedSame, &try.KeptHere, &try.Up, &try.Known, &try.Suspect,
		}
		for i, fact := range facts {
			*fact = cell>>i&1 == 1
		}
		verdict, suspicious := Decide(try)
		got := verdict.String()
		if suspicious {
			got += ", suspicious"
		}
		var wants []string
		for row := range strings.Lines(strings.TrimSpace(retryCells)) {
			if want, ok := cellOf(row, try.Rule, facts); ok {
				wants = append(wants, want)
				matched[row]++
			}
		}
		if len(wants) != 1 || wants[0] != got {
			t.Errorf("%+v: got %s, want %q", try, got, wants)
		}
	}
	for row := range strings.Lines(strings.TrimSpace(retryCells)) {
		if matched[row] == 0 {
			t.Errorf("no try comes to this row: %s", row)
		}
	}
}

// cellOf is what a row says, if it is about tries with that rule and those facts.
func cellOf(row string, rule Rule, facts []*bool) (verdict string, ok bool) {
	columns := strings.Fields(row)
	if columns[0] != [...]string{"no", "any", "same", "one"}[rule] {
		return "", false
	}
	for i, fact := range facts {
		if want := columns[1+i]; want == "+" && !*fact || want == "-" && *fact {
			return "", false
		}
	}
	_, rest, _ := strings.Cut(row, strings.Join(columns[1:9], " "))
	verdict, _, _ = strings.Cut(strings.TrimSpace(rest), "   ")
	return strings.TrimSpace(verdict), true
}

func TestADeathIsHeldAgainstARequestOnce(t *testing.T) {
	table := tableOf(t, Up, Up)
	first, second := table.At(0), table.At(1)
	var s Suspicion
	if s.IsSuspect(table) || s.IsKnown(first) {
		t.Fatal("a request that no backend has died of is suspect")
	}
	s.Suspect(first)
	if !s.IsSuspect(table) || !s.IsKnown(first) || s.IsKnown(second) {
		t.Errorf("after a death: got suspect %v, and known %v and %v", s.IsSuspect(table), s.IsKnown(first), s.IsKnown(second))
	}
	table.killed[0] = 1
	if s.IsSuspect(table) {
		t.Error("the backend was killed from outside, and the request is suspect")
	}
	s.Suspect(second)
	if !s.IsSuspect(table) || s.IsKnown(first) || !s.IsKnown(second) {
		t.Error("a second death counts no more than the first, want it to count")
	}
}

func TestPardonsHaveAnEnd(t *testing.T) {
	table := tableOf(t, Up)
	var s Suspicion
	for incarnation := range uint64(10) {
		backend := Backend{Endpoint: Endpoint{Incarnation: incarnation + 1}}
		if want := incarnation > PardonsMax; s.IsSuspect(table) != want {
			t.Fatalf("after %d deaths, all of them kills: got suspect %v, want %v", incarnation, !want, want)
		}
		if s.IsSuspect(table) {
			return
		}
		s.Suspect(&backend)
		table.killed[0] = incarnation + 1
	}
}

func ExampleDecide() {
	verdict, suspicious := Decide(Try{Rule: RetryOne, Repeatable: true, Others: true})
	fmt.Println(verdict, suspicious)
	// Output: other true
}
