package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// section is a part of a document that a run replaces; it lies between two lines, and all else belongs to its authors.
type section struct{ name string }

// summarySection has the goals, at the page's top.
func summarySection() section { return section{"summary"} }

// measuredSection has the tables, at its end.
func measuredSection() section { return section{"measured"} }

func (s section) begin() string {
	return "<!-- " + s.name + ": written by go run ./bench -markdown; do not edit -->"
}

func (s section) end() string { return "<!-- /" + s.name + " -->" }

// updateDocument replaces a section of the file, or makes a file that has nothing else.
func updateDocument(path string, s section, body string) error {
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("update document: %w", err)
	}
	text, err := s.replace(string(old), body)
	if err != nil {
		return fmt.Errorf("update document %s: %w", path, err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return fmt.Errorf("update document: %w", err)
	}
	return nil
}

// replace returns the document with another body between the section's markers, appended when it has none.
func (s section) replace(document, body string) (string, error) {
	body = s.begin() + "\n" + strings.TrimSpace(body) + "\n" + s.end() + "\n"
	before, rest, found := strings.Cut(document, s.begin())
	if !found {
		if document != "" {
			document = strings.TrimRight(document, "\n") + "\n\n"
		}
		return document + body, nil
	}
	_, after, closed := strings.Cut(rest, s.end())
	if !closed {
		return "", fmt.Errorf("find %q: the section is not closed", s.end())
	}
	return before + body + strings.TrimPrefix(after, "\n"), nil
}
