package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func TestProseIsCurrent(t *testing.T) {
	want, err := generate("../..")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join("../..", output))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("entrypoint/config/prose.go is stale: run `go generate ./entrypoint/config/...`")
	}
}

// fileWith makes a folder with a struct of these fields.
func fileWith(t *testing.T, fields string) string {
	t.Helper()
	dir := t.TempDir()
	text := "package config\n\n// Group is some.\ntype Group struct {\n" + fields + "\n}\n"
	if err := os.WriteFile(filepath.Join(dir, "group.go"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestWhatACommentSays(t *testing.T) {
	for name, c := range map[string]struct{ fields, want string }{
		"one line": {
			fields: "\t// Colour of the bird.\n\tColour string `envconfig:\"COLOUR\" default:\"red\"`",
			want:   `{name: "COLOUR", meaning: "Colour of the bird."}`,
		},
		"several lines make one": {
			fields: "\t// Colour of\n\t// the \"bird\",\n\t// with `code`.\n\tColour string `envconfig:\"COLOUR\"`",
			want:   `{name: "COLOUR", meaning: "Colour of the \"bird\", with ` + "`code`" + `."}`,
		},
		"a default that is worked out": {
			fields: "\t// Colour of the bird.\n\t//\n\t// Default: that of\n\t// its mother\n\tColour string `envconfig:\"COLOUR\"`",
			want:   `{name: "COLOUR", meaning: "Colour of the bird.", byDefault: "that of its mother"}`,
		},
		"why it is fixed": {
			fields: "\t// Colour of the bird.\n\t//\n\t// Default: red\n\t//\n\t// Fixed: a bird has\n\t// one for life\n\tColour string `envconfig:\"COLOUR\"`",
			want:   `{name: "COLOUR", meaning: "Colour of the bird.", byDefault: "red", fixed: "a bird has one for life"}`,
		},
		"names are in order, and other fields no variables": {
			fields: "\t// B is a letter.\n\tB string `envconfig:\"B\"`\n\n\t// C is another.\n\tC string\n\n\t// A is the first.\n\tA string `envconfig:\"A\"`",
			want:   `{name: "A", meaning: "A is the first."}, {name: "B", meaning: "B is a letter."}`,
		},
		"a long text": {
			fields: "\t// " + strings.Repeat("word ", 30) + "\n\tA string `envconfig:\"A\"`",
			want:   `{name: "A", meaning: "` + strings.Repeat("word ", 20) + `" + "` + strings.TrimSpace(strings.Repeat("word ", 10)) + `"}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := generate(fileWith(t, c.fields))
			if err != nil {
				t.Fatal(err)
			}
			_, list, _ := strings.Cut(string(text), "description{\n")
			got := strings.Join(strings.Fields(strings.TrimSuffix(list, "}\n")), " ")
			got = strings.NewReplacer("{ name", "{name", ", }", "}").Replace(strings.TrimSuffix(got, ","))
			if got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
			for line := range strings.Lines(string(text)) {
				if len(line) > 120 {
					t.Errorf("line of %d bytes: %s", len(line), line)
				}
			}
		})
	}
}

func TestWhatACommentLacks(t *testing.T) {
	for name, c := range map[string]struct{ fields, want string }{
		"no comment":       {fields: "\tA string `envconfig:\"A\"`", want: "A: the field has no comment"},
		"a comment behind": {fields: "\tA string `envconfig:\"A\"` // the first", want: "A: the field has no comment"},
		"another paragraph": {
			fields: "\t// A is one.\n\t//\n\t// And more.\n\tA string `envconfig:\"A\"`",
			want:   "A: the comment has a further paragraph that is no",
		},
		"two defaults": {
			fields: "\t// A is one.\n\t//\n\t// Default: b\n\t//\n\t// Default: c\n\tA string `envconfig:\"A\"`",
			want:   "A: the comment has a further paragraph that is no",
		},
		"no variable": {fields: "\tA string", want: "no field with a tag envconfig"},
		"no Go":       {fields: "\tA string {", want: "expected"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := generate(fileWith(t, c.fields)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want %q", err, c.want)
			}
		})
	}
}

func TestRunWritesTheFile(t *testing.T) {
	dir := fileWith(t, "\t// A is the first.\n\tA string `envconfig:\"A\"`")
	if err := run(dir); err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile(filepath.Join(dir, output))
	if err != nil || !bytes.Contains(first, []byte("A is the first.")) {
		t.Fatalf("got %s and error %v", first, err)
	}
	if err := run(dir); err != nil { // its own output is none of the sources
		t.Error(err)
	}
	if err := run(filepath.Join(dir, "nowhere")); err == nil {
		t.Error("a folder that is not there: got no error")
	}
}

// Every text comes out as it went in, however it is cut into lines.
func TestTextsSurviveTheirLines(t *testing.T) {
	for _, text := range []string{
		"x", "a b", strings.Repeat("word ", 100) + "end", strings.Repeat("x", 300), "`code` with \"quotes\" and \\ backslashes",
		"büro " + strings.Repeat("ü", 120), "a  b",
	} {
		dir := fileWith(t, "\t// "+text+"\n\tA string `envconfig:\"A\"`")
		generated, err := generate(dir)
		if err != nil {
			t.Fatal(err)
		}
		_, list, _ := strings.Cut(string(generated), "meaning:")
		var got strings.Builder
		for _, part := range regexp.MustCompile(`"(?:[^"\\]|\\.)*"`).FindAllString(list, -1) {
			word, err := strconv.Unquote(part)
			if err != nil {
				t.Fatal(err)
			}
			got.WriteString(word)
		}
		if want := strings.Join(strings.Fields(text), " "); got.String() != want {
			t.Errorf("got %q, want %q", got.String(), want)
		}
	}
}

func TestFilesAreTakenTogether(t *testing.T) {
	dir := fileWith(t, "\t// B is here.\n\tB string `envconfig:\"B\"`")
	for name, text := range map[string]string{
		"other.go":      "package config\n\ntype other struct {\n\t// A is there.\n\tA string `envconfig:\"A\"`\n}\n",
		"other_test.go": "package config\n\ntype third struct {\n\tC string `envconfig:\"C\"`\n}\n",
		"notes.txt":     "no Go",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := generate(dir)
	if err != nil {
		t.Fatal(err)
	}
	a, b := strings.Index(string(text), `"A is there."`), strings.Index(string(text), `"B is here."`)
	if a < 0 || b < a || strings.Contains(string(text), `"C"`) {
		t.Errorf("got\n%s\nwant A and then B, and nothing of tests", text)
	}
}

func TestEntriesOfLooksIntoEveryStruct(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "groups.go")
	text := `package config

// Outer has another in it.
type Outer struct {
	// A is outside.
	A string ` + "`envconfig:\"A\"`" + `

	Inner struct {
		// B is inside.
		B string ` + "`envconfig:\"B\" default:\"x\"`" + `
	}
	C string ` + "`json:\"c\"`" + `
}
`
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := entriesOf(name)
	if err != nil || len(got) != 2 || got[0] != (entry{name: "A", meaning: "A is outside."}) || got[1] != (entry{name: "B", meaning: "B is inside."}) {
		t.Errorf("got %+v and error %v, want A and B", got, err)
	}
}

func TestWhatIsNoGoIsNamed(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "broken.go"), []byte("package config\n\ntype Config struct {"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := generate(dir); err == nil || !strings.Contains(err.Error(), "broken.go") {
		t.Errorf("got %v, want an error that names the file", err)
	}
}
