package value

import (
	"slices"
	"strings"
	"testing"
)

func TestSplitWords(t *testing.T) {
	cases := []struct {
		name string
		line string
		want []string
	}{
		{"nothing", "", nil},
		{"only spaces", " \t\n", nil},
		{"words", "python3 main.py --port={port}", []string{"python3", "main.py", "--port={port}"}},
		{"spaces around and between", "  a \t b\n", []string{"a", "b"}},
		{"single quotes keep everything", `a 'b  "c" \ $d'`, []string{"a", `b  "c" \ $d`}},
		{"double quotes keep spaces", `sh -c "exec  app"`, []string{"sh", "-c", "exec  app"}},
		{"double quotes let some characters be escaped", `"\" \\ \$ \` + "`" + `"`, []string{"\" \\ $ `"}},
		{"double quotes leave other backslashes alone", `"C:\dir"`, []string{`C:\dir`}},
		{"a backslash outside escapes anything", `a\ b \"c\n`, []string{"a b", `"cn`}},
		{"quotes inside a word join", `--name='a b'"c d"e`, []string{"--name=a bc de"}},
		{"empty quotes are an empty word", `a "" ''`, []string{"a", "", ""}},
		{"an escaped newline joins lines", "a \\\n b\\\nc", []string{"a", "bc"}},
		{"an escaped newline joins lines in double quotes", "\"a\\\nb\"", []string{"ab"}},
		{"no expansion of any kind", "$HOME ~ * #x a|b", []string{"$HOME", "~", "*", "#x", "a|b"}},
		{"other scripts", "écho 'ü'", []string{"écho", "ü"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := splitWords(c.line)
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("splitWords(%q): got %q and error %v, want %q", c.line, got, err, c.want)
			}
		})
	}
}

func TestSplitWordsUnbalanced(t *testing.T) {
	for line, want := range map[string]string{
		"a 'b":   "single quote",
		`a "b`:   "double quote",
		`a "b\"`: "double quote",
		`a b\`:   "backslash",
	} {
		if got, err := splitWords(line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("splitWords(%q): got %q and error %v, want an error about a %s", line, got, err, want)
		}
	}
}

func TestCommandOfSplitsIntoTheSameWords(t *testing.T) {
	for _, words := range [][]string{
		{"python3", "main.py", "--port={port}"},
		{"sh", "-c", "exec app && echo 'it''s'"},
		{"a", "", "b\\", "\"", "'", "\n", "$x", "*"},
	} {
		c := CommandOf(words)
		if got, err := splitWords(c.Line); err != nil || !slices.Equal(got, words) {
			t.Errorf("CommandOf(%q) gives %q, which splits into %q with error %v", words, c.Line, got, err)
		}
	}
	if got, want := CommandOf([]string{"app", "--port={port}", "a b"}).Line, "app --port={port} 'a b'"; got != want {
		t.Errorf("CommandOf: got %s, want %s", got, want)
	}
}

func TestLabelOf(t *testing.T) {
	for program, want := range map[string]Label{
		"python3":               "python3",
		"/usr/bin/python3.11":   "python3.11",
		"./serve.sh":            "serve",
		"/app/main.py":          "main",
		"server.js":             "server",
		"my app":                "my-app",
		".py":                   ".py",
		"/opt/büro/start":       "start",
		"{name}":                "-name-",
		"/usr/local/bin/app.v2": "app.v2",
	} {
		if got := LabelOf(program); got != want {
			t.Errorf("LabelOf(%q): got %q, want %q", program, got, want)
		}
	}
}

func FuzzSplitWords(f *testing.F) {
	for _, line := range []string{`a 'b' "c\"" \d`, "a\\\nb", `"`, `'`, `\`} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		words, err := splitWords(line)
		if err != nil {
			return
		}
		again, err := splitWords(CommandOf(words).Line)
		if err != nil || !slices.Equal(words, again) {
			t.Errorf("splitWords(%q): got %q, and after quoting %q with error %v", line, words, again, err)
		}
	})
}
