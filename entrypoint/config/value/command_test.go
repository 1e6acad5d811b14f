package value_test

import (
	"slices"
	"testing"

	"percore/entrypoint/config/value"
)

func TestCommand(t *testing.T) {
	readAll[value.Command](t, []reading{
		{name: "words", text: "python3 main.py --port={port}", want: "python3 main.py --port={port}"},
		{name: "the line stays as it was written", text: "sh  -c 'exec app'", want: "sh  -c 'exec app'"},
		{name: "no shell, no operators", text: "a && b", want: "a && b"},
		{name: "an empty word is one, behind the program", text: `app ""`, want: `app ""`},
		{name: "no word at all", text: "  ", err: "names no program"},
		{name: "an empty program", text: "'' x", err: "names no program"},
		{name: "a quote that stays open", text: "app 'x", err: "single quote"},
	})
	var c value.Command
	if err := c.UnmarshalText([]byte(`sh -c "exec app" '{port}'`)); err != nil {
		t.Fatal(err)
	}
	if want := []string{"sh", "-c", "exec app", "{port}"}; !slices.Equal(c.Words, want) {
		t.Errorf("words: got %q, want %q", c.Words, want)
	}
}

func TestCommandOf(t *testing.T) {
	for _, words := range [][]string{{"app"}, {"app", "a b", ""}, {"sh", "-c", "it's $X"}} {
		c := value.CommandOf(words)
		if !slices.Equal(c.Words, words) {
			t.Errorf("%q: got words %q", words, c.Words)
		}
		var again value.Command
		if err := again.UnmarshalText([]byte(c.String())); err != nil || !slices.Equal(again.Words, words) {
			t.Errorf("%q: its line, %s, reads as %q with error %v", words, c, again.Words, err)
		}
	}
}
