package value

import (
	"errors"

	"percore/entrypoint/config/commandline"
)

// Command is a command line and the words that a POSIX shell would make of it, without expansions or operators.
type Command struct {
	Line  string
	Words []string // Words[0] is the program
}

// UnmarshalText splits a command line into words.
func (c *Command) UnmarshalText(text []byte) error {
	words, err := commandline.Split(string(text))
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

// Syntax is what UnmarshalText takes, in a few words.
func (Command) Syntax() string { return "command line" }

// CommandOf is the Command whose words are given. Its line is for people and splits into the same words again.
func CommandOf(words []string) Command { return Command{Line: commandline.Join(words), Words: words} }
