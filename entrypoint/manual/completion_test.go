package manual_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"percore/entrypoint/manual"
)

// shellWith gives what a shell prints that runs the lines behind the script, beside a percore that says of two
// workers that they run; the test is skipped where there is no such shell.
func shellWith(t *testing.T, shell, lines string) []string {
	t.Helper()
	path, err := exec.LookPath(shell)
	if err != nil {
		t.Skipf("SKIPPED: %s is missing", shell)
	}
	dir := t.TempDir()
	fake := "#!/bin/sh\nprintf 'webs:web-8000  RUNNING\\nwebs:web-8001  RUNNING\\ncron  STOPPED\\n'\n"
	if err := os.WriteFile(filepath.Join(dir, "percore"), []byte(fake), 0o755); err != nil {
		t.Fatal(err)
	}
	script, known := manual.Completion(shell)
	if !known {
		t.Fatalf("got no script for %s", shell)
	}
	command := exec.Command(path, "-c", script+lines)
	command.Dir = dir
	command.Env = []string{"PATH=" + dir + ":/usr/bin:/bin", "HOME=" + dir}
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return strings.Fields(string(out))
}

func TestBashCompletes(t *testing.T) {
	for line, want := range map[string][]string{
		"percore sta":                 {"start", "status"},
		"percore upd":                 {"update"},
		"percore status --":           {"--help", "--json"},
		"percore restart all --h":     {"--hard", "--help"},
		"percore restart web":         {"webs:web-8000", "webs:*", "webs:web-8001", "webs:*"},
		"percore restart webs:web-80": {"web-8000", "web-8001"},
		"percore stop cr":             {"cron"},
		"percore completion f":        {"fish"},
		"percore check --v":           {"--values"},
		"percore python3 ma":          nil,
	} {
		lines := "\nCOMP_LINE='" + line + "' COMP_POINT=${#COMP_LINE}\nCOMP_LINE='" + line + "'; COMP_POINT=${#COMP_LINE}; _percore; printf '%s\\n' \"${COMPREPLY[@]}\"\n"
		if got := shellWith(t, "bash", lines); !slices.Equal(got, want) && len(got)+len(want) > 0 {
			t.Errorf("%q: got %q, want %q", line, got, want)
		}
	}
}

func TestFishCompletes(t *testing.T) {
	for line, want := range map[string][]string{"percore upd": {"update"}, "percore restart --h": {"--hard", "--help"}, "percore stop cr": {"cron"}} {
		got := shellWith(t, "fish", "\ncomplete -C '"+line+"' | string replace -r '\\t.*' ''; true\n")
		for _, one := range want {
			if !slices.Contains(got, one) {
				t.Errorf("%q: got %q, want %q", line, got, want)
			}
		}
	}
}

func TestZshTakesItsScript(t *testing.T) {
	got := shellWith(t, "zsh", "\n_percore_after restart\n_percore_names\n")
	for _, want := range []string{"--hard", "webs:web-8000", "webs:*", "all"} {
		if !slices.Contains(got, want) {
			t.Errorf("got %q, want %q among them", got, want)
		}
	}
}

func TestEveryWordIsCompletedInEveryShell(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		script, known := manual.Completion(shell)
		if !known {
			t.Fatalf("got no script for %s", shell)
		}
		for _, word := range manual.Words() {
			begins := "\t" + word + ") echo "
			if shell == "fish" {
				begins = "__fish_seen_subcommand_from " + word + "'"
			}
			if !strings.Contains(script, begins) {
				t.Errorf("%s: got nothing for %s", shell, word)
			}
		}
	}
	for _, none := range []string{"", "sh", "tcsh", "Bash"} {
		if script, known := manual.Completion(none); known || script != "" {
			t.Errorf("%q: got %.40q, want none", none, script)
		}
	}
}

// Names of processes are offered where the manual has them, and nowhere else.
func TestNamesAreOfferedWhereAWordTakesThem(t *testing.T) {
	script, _ := manual.Completion("bash")
	for _, word := range manual.Words() {
		_, line, _ := strings.Cut(script, "\t"+word+") echo ")
		line, _, _ = strings.Cut(line, " ;;\n")
		synopsis := manual.PageOf(word).Synopsis
		takes := strings.Contains(synopsis, "NAME...") || strings.Contains(synopsis, " NAME ")
		if got := strings.Contains(line, "$(_percore_names)"); got != takes {
			t.Errorf("%s: got names offered %t, want %t by %q", word, got, takes, synopsis)
		}
		if !strings.Contains(line, "--help") || strings.Contains(line, "=") {
			t.Errorf("%s: got %q, want --help, and options as they are typed", word, line)
		}
	}
}

// What may follow some words is not in their pages.
func TestWhatElseMayFollowAWord(t *testing.T) {
	script, _ := manual.Completion("zsh")
	for word, want := range map[string][]string{
		"signal": {
			"HUP", "TERM", "USR2", "$(_percore_names)",
		}, "completion": {"bash", "zsh", "fish"}, "help": {
			"status",
			"undrain", "version",
		},
		"update": {"--dry-run", "--env-file"}, "restart": {"--hard", "$(_percore_names)"}, "demo": {"--help"},
	} {
		_, line, _ := strings.Cut(script, "\t"+word+") echo ")
		line, _, _ = strings.Cut(line, " ;;\n")
		for _, one := range want {
			if !slices.Contains(strings.Fields(line), one) {
				t.Errorf("%s: got %q, want %s in it", word, line, one)
			}
		}
	}
}

// fish shows the first sentence of each page; a quote in it would end the script's string.
func TestFishShowsASentenceForEachWord(t *testing.T) {
	script, _ := manual.Completion("fish")
	for _, word := range manual.Words() {
		_, about, found := strings.Cut(script, "-n __fish_use_subcommand -a "+word+" -d '")
		about, _, closed := strings.Cut(about, "'\n")
		if !found || !closed || about == "" || strings.Contains(strings.ReplaceAll(about, `\'`, ""), "'") || strings.Contains(about, "\n") {
			t.Errorf("%s: got %q, want one sentence in one line", word, about)
		}
	}
}
