package environment

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"percore/reaper/names"
)

// fileBytesMax bounds what a _FILE name may pull in: an environment variable is at most 128 KiB (man 2 execve).
const fileBytesMax = 128 << 10

// Snapshot is an environment cut down to what has a value.
type Snapshot map[string]string

// Take drops empty values, which mean unset: a compose file writes X=${X} as an empty X. A value of white
// space alone, such as the carriage return of an env file edited elsewhere, is empty too.
func Take(environ []string) Snapshot {
	s := Snapshot{}
	for _, entry := range environ {
		name, value, ok := strings.Cut(entry, "=")
		if ok && name != "" && strings.TrimSpace(value) != "" {
			s[name] = value
		}
	}
	dropLinks(s)
	return s
}

// Given is the text that an environment has for a variable.
type Given struct {
	Text  string
	File  string // that the text was read from; empty where the variable itself has it
	Found bool   // or else there is none
}

// Find finds the text of a variable, either its own or that of the file its _FILE twin names. White space around the
// text of a secret belongs to it. Of an error the Given says what it is about: it is found where both have a text,
// and not found where the file cannot be read.
func (s Snapshot) Find(name string, secret bool) (Given, error) {
	text, set := s[name]
	twin := name + FileSuffix
	file, fromFile := s[twin]
	fromFile = fromFile && strings.HasPrefix(name, Prefix)
	given := Given{Text: text, Found: true}
	switch {
	case set && fromFile:
		return given, fmt.Errorf("is set, and so is %s", twin)
	case fromFile:
		text, err := readValue(strings.TrimSpace(file))
		if err != nil {
			return Given{}, err
		}
		given = Given{Text: text, File: file, Found: true}
	case !set:
		return Given{}, nil
	}
	if !secret {
		given.Text = strings.TrimSpace(given.Text)
	}
	if given.Text == "" {
		return Given{}, nil
	}
	return given, nil
}

// readValue reads a value out of a regular file and cuts the newline that every editor puts at its end. What is no
// file could hold the start up for ever, with TERM unheard, or have no end.
func readValue(name string) (string, error) {
	file, err := names.Open(name, os.O_RDONLY, 0, nil)
	if err != nil {
		return "", cause(err)
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return "", errors.New("is not a regular file")
	}
	text, err := io.ReadAll(io.LimitReader(file, fileBytesMax+1))
	switch {
	case err != nil:
		return "", cause(err)
	case len(text) > fileBytesMax:
		return "", fmt.Errorf("holds more than %d bytes", fileBytesMax)
	case bytes.IndexByte(text, 0) >= 0:
		return "", errors.New("holds a NUL byte")
	}
	text = bytes.TrimSuffix(text, []byte("\n"))
	return string(bytes.TrimSuffix(text, []byte("\r"))), nil
}

// cause drops the name of the file from an error that is shown beside it.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return fmt.Errorf("cannot be read: %w", path.Err)
	}
	return fmt.Errorf("cannot be read: %w", err)
}
