package environment_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"percore/entrypoint/config/environment"
)

func TestAFileIsReadToItsLastNewline(t *testing.T) {
	for text, want := range map[string]string{
		"secret":           "secret",
		"secret\n":         "secret",
		"secret\r\n":       "secret",
		"secret\n\n":       "secret\n", // one newline is an editor's, a second one somebody's
		" secret \n":       " secret ",
		"two\nlines\n":     "two\nlines",
		"\n":               "",
		"":                 "",
		"\r\n":             "",
		"ends in return\r": "ends in return",
	} {
		given, err := environment.Take([]string{"PERCORE_X_FILE=" + written(t, text)}).Find("PERCORE_X", true)
		if err != nil || given.Text != want {
			t.Errorf("%q: got %q and error %v, want %q", text, given.Text, err, want)
		}
	}
}

func TestAFileAsLongAsAValueMayBe(t *testing.T) {
	given, err := environment.Take([]string{"PERCORE_X_FILE=" + written(t, strings.Repeat("x", 128<<10))}).Find("PERCORE_X", false)
	if err != nil || len(given.Text) != 128<<10 {
		t.Errorf("got %d bytes and error %v, want all of them", len(given.Text), err)
	}
}

func TestAFileThatMayNotBeRead(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("SKIPPED: root may read every file")
	}
	name := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(name, []byte("x"), 0); err != nil {
		t.Fatal(err)
	}
	_, err := environment.Take([]string{"PERCORE_X_FILE=" + name}).Find("PERCORE_X", false)
	if err == nil || !strings.Contains(err.Error(), "permission denied") {
		t.Errorf("got error %v, want that the permission is missing", err)
	}
}

func TestAByteOrderMarkIsOneCharacter(t *testing.T) {
	if got := len([]rune(environment.ByteOrderMark)); got != 1 || environment.ByteOrderMark != "\xef\xbb\xbf" {
		t.Errorf("got %d characters, %q, want U+FEFF in UTF-8", got, environment.ByteOrderMark)
	}
}

func TestUnquotedTakesOnePairOff(t *testing.T) {
	if got := environment.Unquoted(`"'a'"`); got != "'a'" {
		t.Errorf("got %s, want the inner quotes left", got)
	}
	if got := environment.Unquoted(environment.Unquoted(`"'a'"`)); got != "a" {
		t.Errorf("twice: got %s, want a", got)
	}
}
