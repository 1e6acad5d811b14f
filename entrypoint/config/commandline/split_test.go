package commandline

import (
	"slices"
	"strings"
	"testing"
)

func TestSplit(t *testing.T) {
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
			got, err := Split(c.line)
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("Split(%q): got %q and error %v, want %q", c.line, got, err, c.want)
			}
		})
	}
}

func TestSplitUnbalanced(t *testing.T) {
	for line, want := range map[string]string{
		"a 'b":   "single quote",
		`a "b`:   "double quote",
		`a "b\"`: "double quote",
		`a b\`:   "backslash",
	} {
		if got, err := Split(line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Split(%q): got %q and error %v, want an error about a %s", line, got, err, want)
		}
	}
}

func TestJoinSplitsIntoTheSameWords(t *testing.T) {
	for _, words := range [][]string{
		{"python3", "main.py", "--port={port}"},
		{"sh", "-c", "exec app && echo 'it''s'"},
		{"a", "", "b\\", "\"", "'", "\n", "$x", "*"},
	} {
		line := Join(words)
		if got, err := Split(line); err != nil || !slices.Equal(got, words) {
			t.Errorf("Join(%q) gives %q, which splits into %q with error %v", words, line, got, err)
		}
	}
	if got, want := Join([]string{"app", "--port={port}", "a b"}), "app --port={port} 'a b'"; got != want {
		t.Errorf("Join: got %s, want %s", got, want)
	}
}

func TestJoinQuotesOnlyWhatHasTo(t *testing.T) {
	for want, words := range map[string][]string{
		"":                       {},
		"app":                    {"app"},
		"app --port=1 /srv/a.py": {"app", "--port=1", "/srv/a.py"},
		"a:b,c@d+e%f {port} _-.": {"a:b,c@d+e%f", "{port}", "_-."},
		"app ''":                 {"app", ""},
		"app 'a b'":              {"app", "a b"},
		`app 'it'\''s'`:          {"app", "it's"},
		`app '"'`:                {"app", `"`},
		"app '$HOME' '*' '~'":    {"app", "$HOME", "*", "~"},
		"app 'a\nb' 'a\tb'":      {"app", "a\nb", "a\tb"},
		"app 'büro'":             {"app", "büro"},
		"app '&&' b ';'":         {"app", "&&", "b", ";"},
		`'C:\dir\app'`:           {`C:\dir\app`},
	} {
		if got := Join(words); got != want {
			t.Errorf("Join(%q): got %s, want %s", words, got, want)
		}
		if again, err := Split(want); err != nil || !slices.Equal(again, words) {
			t.Errorf("Split(%s): got %q and error %v, want %q", want, again, err, words)
		}
	}
}

func TestShellOperator(t *testing.T) {
	for line, want := range map[string]string{
		"":                         "",
		"app --port=1":             "",
		"a && b | c":               "&&",
		"a | b":                    "|",
		"a || b":                   "||",
		"a ; b":                    ";",
		"a & b":                    "&",
		"a > /dev/null":            ">",
		"a < in >> out":            "<",
		"a 2>&1":                   "2>&1",
		"a 2> err":                 "2>",
		`sh -c "a && b"`:           "",
		"a&&b":                     "",
		"app '|'":                  "|", // quoted or not, it is an argument, and hardly meant
		"grep -e ; --color=always": ";",
	} {
		words, err := Split(line)
		if err != nil {
			t.Fatal(err)
		}
		if got := ShellOperator(words); got != want {
			t.Errorf("%s: got %q, want %q", line, got, want)
		}
	}
}

func TestSplitKeepsWhatIsNotSpecial(t *testing.T) {
	for _, word := range []string{"a=b", "--x=1,2", "{port}", "50%", "a@b", "~", "#x", "$A", "(", "büro", "\x01"} {
		if got, err := Split("app " + word); err != nil || len(got) != 2 || got[1] != word {
			t.Errorf("%q: got %q and error %v", word, got, err)
		}
	}
}

func FuzzSplit(f *testing.F) {
	for _, line := range []string{`a 'b' "c\"" \d`, "a\\\nb", `"`, `'`, `\`} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		words, err := Split(line)
		if err != nil {
			return
		}
		again, err := Split(Join(words))
		if err != nil || !slices.Equal(words, again) {
			t.Errorf("Split(%q): got %q, and after quoting %q with error %v", line, words, again, err)
		}
	})
}
