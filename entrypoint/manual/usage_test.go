package manual_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"percore/entrypoint/manual"
)

// documented are the rows of docs/control.md's table: each command with its synopsis.
func documented(t *testing.T) map[string]string {
	t.Helper()
	page, err := os.ReadFile("../../docs/control.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "<!-- commands -->")
	table, _, found := strings.Cut(rest, "<!-- end of commands -->")
	if !found {
		t.Fatal("docs/control.md has no table of commands")
	}
	rows := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z]+)([^`]*)`").FindAllStringSubmatch(table, -1) {
		rows[row[1]] = strings.TrimSpace(row[2])
	}
	return rows
}

// The page for people and the help for people in a hurry say the same of each command.
func TestTheManualAndTheDocumentationAgree(t *testing.T) {
	spell := strings.NewReplacer("…", "...", `\|`, "|")
	for word, rest := range documented(t) {
		got := manual.PageOf(word).Synopsis
		want := strings.TrimSpace(word + " " + spell.Replace(rest))
		if word == "scale" { // whose two other forms the page has in the text
			want += "|+N|-N"
		}
		if got != want {
			t.Errorf("help %s: got %q, want %q as in docs/control.md", word, got, want)
		}
	}
}

// Each line of the usage begins with what is typed, and says what it does behind two spaces.
func TestALineOfTheUsageIsASynopsisAndItsMeaning(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(manual.Usage), "\n")
	if lines[0] != "usage:" {
		t.Errorf("got %q first", lines[0])
	}
	commands := 0
	for _, line := range lines[1:] {
		text, is := strings.CutPrefix(line, "  percore ")
		if !is {
			continue
		}
		commands++
		synopsis, about, described := strings.Cut(text, "  ")
		if !described && !strings.Contains(synopsis, "| help [WORD] |") || described && strings.TrimSpace(about) == "" {
			t.Errorf("%q says nothing", line)
		}
		first, _, _ := strings.Cut(strings.FieldsFunc(synopsis, func(r rune) bool { return strings.ContainsRune(" |,", r) })[0], "[")
		if first != "" && manual.PageOf(first).Synopsis == "" {
			t.Errorf("%q begins with a word that has no page", line)
		}
	}
	if commands < 15 {
		t.Errorf("got %d lines of commands", commands)
	}
}
