package value

import (
	"errors"
	"strings"
)

// Command is a command line and the words that a POSIX shell would make of it, without expansions or operators.
type Command struct {
	Line  string
	Words []string // Words[0] is the program
}

// UnmarshalText splits a command line into words.
func (c *Command) UnmarshalText(text []byte) error {
	words, err := splitWords(string(text))
	if err != nil {
		return err
	}
	if len(words) == 0 || words[0] == "" {
		return errors.New("names no program")
	}
	*c = Command{Line: string(text), Words: words}
	return nil
}

// String is the command line.
func (c Command) String() string { return c.Line }

func (Command) Syntax() string { return "command line" }

// CommandOf is the Command whose words are given. Its line is for people and splits into the same words again.
func CommandOf(words []string) Command {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = quoteWord(w)
	}
	return Command{Line: strings.Join(quoted, " "), Words: words}
}

// quoteWord puts a word in single quotes if it holds anything that a shell, or splitWords, would not take as it is.
func quoteWord(word string) string {
	plain := func(c rune) bool { return !notInLabel(c) || strings.ContainsRune("/=:,+@%{}", c) }
	if word != "" && !strings.ContainsFunc(word, func(c rune) bool { return !plain(c) }) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// IsShellOperator knows the words that mean something to a shell only.
func IsShellOperator(word string) bool {
	switch word {
	case "|", "||", "&", "&&", ";", "<", ">", ">>", "2>", "2>&1":
		return true
	default:
		return false
	}
}
