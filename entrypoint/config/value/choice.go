package value

import (
	"slices"
	"strings"

	"percore/entrypoint/config/suggest"
)

// choose makes a text, in any case, one of the words that there are.
func choose[T ~string](to *T, text []byte, words []string) error {
	word := strings.ToLower(string(text))
	if !slices.Contains(words, word) {
		return &MeantError{What: "must be one of " + strings.Join(words, ", "), Value: suggest.Choice(word, words)}
	}
	*to = T(word)
	return nil
}

func wordsOf[T ~string](list ...T) []string {
	words := make([]string, len(list))
	for i, one := range list {
		words[i] = string(one)
	}
	return words
}

// MeantError is what is wrong with a text, and the one that was probably meant, if there is a guess.
type MeantError struct{ What, Value string }

// Error is what is wrong; the value that was meant goes into the remedy.
func (e *MeantError) Error() string { return e.What }
