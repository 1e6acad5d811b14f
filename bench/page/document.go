package page

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// Section is a part of a document that a run replaces; it lies between two lines, and all else belongs to its authors.
type Section struct{ Name, Writer string }

// Begin is the line before it. It says what writes the section.
func (s Section) Begin() string {
	return "<!-- " + s.Name + ": written by " + s.Writer + "; do not edit -->"
}

// End is the line behind it.
func (s Section) End() string { return "<!-- /" + s.Name + " -->" }

// Update replaces the section of a file, or makes a file that has nothing else.
func (s Section) Update(path, body string) error {
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
func (s Section) replace(document, body string) (string, error) {
	body = s.Begin() + "\n" + strings.TrimSpace(body) + "\n" + s.End() + "\n"
	before, rest, found := strings.Cut(document, s.Begin())
	if !found {
		if document != "" {
			document = strings.TrimRight(document, "\n") + "\n\n"
		}
		return document + body, nil
	}
	_, after, closed := strings.Cut(rest, s.End())
	if !closed {
		return "", fmt.Errorf("find %q: the section is not closed", s.End())
	}
	return before + body + strings.TrimPrefix(after, "\n"), nil
}
