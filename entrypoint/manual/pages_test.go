package manual_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"percore/entrypoint/manual"
)

func TestEveryPageFitsATerminal(t *testing.T) {
	texts := []string{manual.Usage}
	for _, word := range manual.Words() {
		texts = append(texts, manual.PageOf(word).String())
	}
	for _, text := range texts {
		for line := range strings.Lines(text) {
			if n := len(strings.TrimSuffix(line, "\n")); n > 119 || strings.TrimRight(line, " \n") != strings.TrimSuffix(line, "\n") {
				t.Errorf("%q has %d columns, or ends with a space", line, n)
			}
		}
	}
}

func TestAPageBeginsWithItsWordAndIsASentence(t *testing.T) {
	for _, word := range manual.Words() {
		p := manual.PageOf(word)
		if first, _, _ := strings.Cut(p.Synopsis, " "); first != word {
			t.Errorf("%s: got the synopsis %q", word, p.Synopsis)
		}
		text := p.String()
		head, about, _ := strings.Cut(text, "\n\n")
		if head != "usage: percore "+p.Synopsis || !strings.HasSuffix(about, ".\n") || strings.HasSuffix(about, "\n\n") || about[0] < 'A' || about[0] > 'Z' {
			t.Errorf("%s: got %q, want the synopsis and sentences below it", word, text)
		}
	}
}

// What a word takes and what its synopsis says it takes are written apart, and have to be the same.
func TestTheOptionsOfASynopsisAreThoseThatAreTaken(t *testing.T) {
	values := map[string]bool{"--env-file": true}
	free := []string{"init", "healthcheck", "completion", "doctor", "migrate", "top"} // they look at their options themselves
	for _, word := range manual.Words() {
		if slices.Contains(free, word) {
			continue
		}
		p := manual.PageOf(word)
		synopsis, _, _ := strings.Cut(p.Synopsis, "[--] [COMMAND")
		for _, field := range strings.FieldsFunc(synopsis, func(r rune) bool { return strings.ContainsRune(" []|", r) }) {
			if !strings.HasPrefix(field, "-") || field == "-BYTES" || strings.HasPrefix(field, "-N") {
				continue
			}
			args := []string{field}
			if values[field] {
				args = append(args, "-a-file")
				if wrong := p.Misused([]string{field + "=file"}); wrong != "" {
					t.Errorf("%s %s=file: got %q, want it taken", word, field, wrong)
				}
			}
			if wrong := p.Misused(args); wrong != "" {
				t.Errorf("%s %s: got %q, want it taken", word, args, wrong)
			}
		}
		if wrong := p.Misused([]string{"--no-such-option"}); wrong != `has no option "--no-such-option"` {
			t.Errorf("%s: got %q for an option that there is not", word, wrong)
		}
	}
}

func TestWhatIsAWordsAndWhatIsAnOperand(t *testing.T) {
	for name, c := range map[string]struct {
		word string
		args []string
		want string
	}{
		"nothing":                              {"demo", nil, ""},
		"an operand where none belongs":        {"demo", []string{"fast"}, `takes no "fast"`},
		"a dash alone is an operand":           {"avail", []string{"-"}, `takes no "-"`},
		"two dashes end the options":           {"stop", []string{"--", "--all"}, ""},
		"options behind operands":              {"status", []string{"a", "--json", "b", "-v"}, ""},
		"a number below zero, where one goes":  {"scale", []string{"webs", "-2"}, ""},
		"a count of bytes":                     {"tail", []string{"-100", "a"}, ""},
		"a number below zero, where none goes": {"status", []string{"-2"}, `has no option "-2"`},
		"a value in the word":                  {"update", []string{"--env-file=x", "A=1"}, ""},
		"a value in the next word":             {"update", []string{"--env-file", "--dry-run", "--nope"}, `has no option "--nope"`},
		"a value that there is not yet":        {"update", []string{"--env-file"}, ""}, // the word complains of it
		"an option with a value it has not":    {"status", []string{"--json=yes"}, `has no option "--json=yes"`},
		"a worker's options":                   {"check", []string{"--json", "python3", "--nope"}, ""},
		"an option before the worker":          {"check", []string{"--nope", "python3"}, `has no option "--nope"`},
		"what looks at its options itself":     {"init", []string{"--nope"}, ""},
		"an assignment is an operand":          {"reread", []string{"A=-1"}, ""},
	} {
		if got := manual.PageOf(c.word).Misused(c.args); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestWhoseHelpIsAskedFor(t *testing.T) {
	for name, c := range map[string]struct {
		word string
		args []string
		want bool
	}{
		"the word's":                       {"status", []string{"--help"}, true},
		"by a letter":                      {"status", []string{"-h"}, true},
		"behind operands":                  {"stop", []string{"all", "--help"}, true},
		"nothing's":                        {"status", []string{"help"}, false},
		"behind two dashes":                {"status", []string{"--", "--help"}, false},
		"check's, before the command":      {"check", []string{"--json", "--help", "python3"}, true},
		"a worker's":                       {"check", []string{"python3", "--help"}, false},
		"init's":                           {"init", []string{"--help"}, true},
		"the child's of init":              {"init", []string{"sh", "-h"}, false},
		"that of a word of later versions": {"top", []string{"-h"}, true},
	} {
		if got := manual.PageOf(c.word).AsksForHelp(c.args); got != c.want {
			t.Errorf("%s: got %t, want %t", name, got, c.want)
		}
	}
}

func TestAWordMayHaveAnotherName(t *testing.T) {
	for other, word := range map[string]string{"-h": "help", "--help": "help", "--version": "version", "status": "status"} {
		if got := manual.PageOf(other).Synopsis; got == "" || got != manual.PageOf(word).Synopsis {
			t.Errorf("%s: got %q, want the page of %s", other, got, word)
		}
	}
	for _, none := range []string{"", "statsu", "-v", "front"} {
		if got := manual.PageOf(none).Synopsis; got != "" {
			t.Errorf("%q: got the page %q, want none", none, got)
		}
	}
}

func TestTheUsageNamesEveryWord(t *testing.T) {
	for _, word := range manual.Words() {
		if slices.Contains([]string{"doctor", "migrate", "top"}, word) { // of later versions
			if slices.Contains(strings.Fields(manual.Usage), word) {
				t.Errorf("it names %s, which this version does not have", word)
			}
			continue
		}
		if !strings.Contains(manual.Usage, word) {
			t.Errorf("it does not name %s", word)
		}
	}
}

func TestWordsAreInOrderAndEachHasItsOwnPage(t *testing.T) {
	words := manual.Words()
	if !slices.IsSorted(words) || len(slices.Compact(slices.Clone(words))) != len(words) {
		t.Errorf("got %q, want each once and in order", words)
	}
	seen := map[string]string{}
	for _, word := range words {
		synopsis := manual.PageOf(word).Synopsis
		if other := seen[synopsis]; other != "" {
			t.Errorf("%s and %s have one synopsis", word, other)
		}
		seen[synopsis] = word
	}
}

func TestNearWordsAreFoundAndFarOnesAreNot(t *testing.T) {
	for wrong, want := range map[string]string{
		"statsu": "status", "restrat": "restart", "STATUS": "status", "undrian": "undrain", "helpp": "help",
		"logz":     "logs",
		"gunicorn": "", "python3": "", "node": "", "sh": "", "": "",
	} {
		if got := manual.Nearest(wrong); got != want {
			t.Errorf("%q: got %q, want %q", wrong, got, want)
		}
	}
	if got, want := fmt.Sprint(manual.DidYouMean("status"), manual.DidYouMean("")), "; did you mean status?"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWhatIsSaidOfAnOptionThatThereIsNot(t *testing.T) {
	for option, want := range map[string]string{
		"-v": "did you mean --version?", "-V": "did you mean --version?", "-?": "did you mean --help?",
		"--": "did you mean --help?", "--halp": "did you mean --help?", "--restart": "did you mean restart?",
		"--workers": "as PERCORE_WORKERS=", "--workers=4": "as PERCORE_WORKERS=",
		"--percore-workers": "as PERCORE_WORKERS=", "--queue_size": "as PERCORE_QUEUE_SIZE=",
		"--port": "as PORT=8080", "--nothing-like-it": "see percore env", "-x": "see percore env",
	} {
		if got := manual.Mistake(option, "/usr/bin"); !strings.HasPrefix(got, fmt.Sprintf("there is no option %q", option)) || !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", option, got, want)
		}
	}
}

func TestRolesAreNoWords(t *testing.T) {
	for _, role := range []string{"front", "admin", "resolve", "demo-worker"} {
		if got := manual.Mistake(role, t.TempDir()); got != fmt.Sprintf("%q is a role in which percore starts itself, not a word", role) {
			t.Errorf("%s: got %q", role, got)
		}
	}
}
