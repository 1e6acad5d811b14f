// Package suggest finds the word that was probably meant in place of a wrong one.
package suggest

import (
	"slices"
	"strings"
)

// slipsMax is how many slips of the pen may lie between a name and the one that was meant.
const slipsMax = 2

// Nearest is the known name that a wrong one was probably meant to be, or empty: one of the same words in another
// order, or else the one with the fewest slips, or else one with a word or two more. The prefix, which all have,
// counts as right.
func Nearest(prefix, name string, known []string) string {
	wrong := strings.TrimPrefix(strings.ToUpper(name), prefix)
	longer, best, fewest := "", "", slipsMax+1
	for _, k := range known {
		right := strings.TrimPrefix(k, prefix)
		same, within := compareWords(wrong, right)
		switch n := Slips(wrong, right); {
		case same:
			return k
		case n < fewest && n*3 <= len(right): // two slips make any short word of any other
			best, fewest = k, n
		case within && longer == "":
			longer = k
		}
	}
	if best == "" {
		return longer
	}
	return best
}

// Word is the word, of those that are known, that lies within two slips of a wrong one, whatever their case; the
// nearest of several, the first of equally near ones, and empty where none is so near.
func Word(wrong string, known []string) string {
	best, fewest := "", slipsMax+1
	for _, word := range known {
		if n := Slips(strings.ToLower(wrong), word); n < fewest {
			best, fewest = word, n
		}
	}
	return best
}

// compareWords reports whether two names are of the same words, and whether the first, of two words or more, leaves
// out some of the second's.
func compareWords(wrong, right string) (same, within bool) {
	x, y := strings.Split(wrong, "_"), strings.Split(right, "_")
	slices.Sort(x)
	slices.Sort(y)
	missing := slices.ContainsFunc(x, func(word string) bool { return !slices.Contains(y, word) })
	return slices.Equal(x, y), len(x) > 1 && !missing
}

// Slips is the Damerau-Levenshtein distance in its restricted form: the characters inserted, left out, mistaken, and
// pairs swapped, where no pair is edited twice. See Boytsov, "Indexing methods for approximate dictionary searching",
// section 2.2.
//
// Lengths too far apart are not compared in full: a name may be as long as the kernel lets it.
func Slips(a, b string) int {
	if len(a)-len(b) > slipsMax || len(b)-len(a) > slipsMax {
		return slipsMax + 1
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			mistaken := 1
			if a[i-1] == b[j-1] {
				mistaken = 0
			}
			n := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+mistaken)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				n = min(n, rows[i-2][j-2]+1)
			}
			rows[i][j] = n
		}
	}
	return rows[len(a)][len(b)]
}
