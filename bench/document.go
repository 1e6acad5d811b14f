package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// The measured section of a document lies between these two lines; everything else belongs to its authors.
const (
	measuredBegin = "<!-- measured: written by go run ./bench -markdown; do not edit -->"
	measuredEnd   = "<!-- /measured -->"
)

// updateDocument replaces the measured section of the file, or makes a file that has nothing else.
func updateDocument(path, section string) error {
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("update document: %w", err)
	}
	text, err := replaceMeasured(string(old), section)
	if err != nil {
		return fmt.Errorf("update document %s: %w", path, err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return fmt.Errorf("update document: %w", err)
	}
	return nil
}

// replaceMeasured returns the document with another section between its markers, appended when it has none.
func replaceMeasured(document, section string) (string, error) {
	body := measuredBegin + "\n" + strings.TrimSpace(section) + "\n" + measuredEnd + "\n"
	before, rest, found := strings.Cut(document, measuredBegin)
	if !found {
		if document != "" {
			document = strings.TrimRight(document, "\n") + "\n\n"
		}
		return document + body, nil
	}
	_, after, closed := strings.Cut(rest, measuredEnd)
	if !closed {
		return "", fmt.Errorf("find %q: the section is not closed", measuredEnd)
	}
	return before + body + strings.TrimPrefix(after, "\n"), nil
}
