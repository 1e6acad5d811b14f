package commandline

import (
	"errors"
	"strings"
)

// Split splits as a POSIX shell does (Shell Command Language, section 2.2, quoting), and does nothing else that
// a shell does: $, *, ~, #, | and the like are ordinary characters.
func Split(line string) ([]string, error) {
	s := splitter{rest: line}
	for s.rest != "" {
		if err := s.step(); err != nil {
			return nil, err
		}
	}
	s.endWord()
	return s.words, nil
}

// splitter is a line half split.
type splitter struct {
	words  []string
	word   strings.Builder
	inWord bool // a word has begun, perhaps with an empty pair of quotes
	rest   string
}

// step takes one character, or one quoted string, off the rest.
func (s *splitter) step() error {
	c := s.rest[0]
	s.rest = s.rest[1:]
	switch c {
	case ' ', '\t', '\r', '\n':
		s.endWord()
		return nil
	case '\'':
		return s.singleQuoted()
	case '"':
		return s.doubleQuoted()
	case '\\':
		return s.escaped()
	default:
		s.add(c)
		return nil
	}
}

func (s *splitter) add(c byte) {
	s.inWord = true
	s.word.WriteByte(c)
}

func (s *splitter) endWord() {
	if s.inWord {
		s.words = append(s.words, s.word.String())
	}
	s.word.Reset()
	s.inWord = false
}

func (s *splitter) singleQuoted() error {
	inside, after, closed := strings.Cut(s.rest, "'")
	if !closed {
		return errors.New("has a single quote that is never closed")
	}
	s.inWord = true
	s.word.WriteString(inside)
	s.rest = after
	return nil
}

// doubleQuoted goes on after the closing quote. A backslash escapes only the characters that are special in there, and
// stays itself before any other (section 2.2.3).
func (s *splitter) doubleQuoted() error {
	s.inWord = true
	for s.rest != "" {
		c := s.rest[0]
		s.rest = s.rest[1:]
		switch {
		case c == '"':
			return nil
		case c == '\\' && s.rest != "" && strings.IndexByte("$`\"\\\n", s.rest[0]) >= 0:
			if err := s.escaped(); err != nil {
				return err
			}
		default:
			s.word.WriteByte(c)
		}
	}
	return errors.New("has a double quote that is never closed")
}

// escaped takes the character after a backslash as it is; an escaped newline joins two lines and leaves nothing.
func (s *splitter) escaped() error {
	if s.rest == "" {
		return errors.New("ends with a backslash that escapes nothing")
	}
	if s.rest[0] != '\n' {
		s.add(s.rest[0])
	}
	s.rest = s.rest[1:]
	return nil
}

// Join is a line that Split takes apart into the same words again, and that a person reads as if typed.
func Join(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = quote(w)
	}
	return strings.Join(quoted, " ")
}

// quote puts a word in single quotes if it holds anything that a shell, or Split, would not take as it is.
func quote(word string) string {
	if word != "" && !strings.ContainsFunc(word, isSpecial) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

func isSpecial(c rune) bool { return !isNameChar(c) && !strings.ContainsRune(".-/=:,+@%{}", c) }

// isNameChar reports whether a variable's name may have the character.
func isNameChar(c rune) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// ShellOperator is the first of the words that means something to a shell only; empty where there is none.
func ShellOperator(words []string) string {
	for _, word := range words {
		switch word {
		case "|", "||", "&", "&&", ";", "<", ">", ">>", "2>", "2>&1":
			return word
		}
	}
	return ""
}
