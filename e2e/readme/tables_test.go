package readme

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"percore/e2e/rig"
)

func TestTheVariablesAndTheirDefaultsAreThoseOfTheProgram(t *testing.T) {
	out, err := exec.Command(kit.Percore, "env", "--json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var reference []struct{ Name, Default string }
	if err := json.Unmarshal(out, &reference); err != nil {
		t.Fatal(err)
	}
	defaults := make(map[string]string)
	for _, v := range reference {
		defaults[v.Name] = v.Default
	}
	for _, row := range load(t).table(t, "variables") {
		name, got := strings.Trim(row[0], "`"), strings.ReplaceAll(row[1], "`", "")
		want, known := defaults[name]
		if !known {
			t.Errorf("README.md has the variable %s, which percore does not", name)
		} else if got != want {
			t.Errorf("%s: README.md has the default %q, want %q", name, got, want)
		}
	}
}

func TestEveryVariableInTheTextExists(t *testing.T) {
	out, err := exec.Command(kit.Percore, "env", "--json").Output()
	if err != nil {
		t.Fatal(err)
	}
	given := map[string]bool{ // by percore to its workers, and the typo that the page is about
		"PERCORE_WORKER_INDEX": true, "PERCORE_WORKER_NAME": true, "PERCORE_SOCKET": true, "PERCORE_WORKRES": true,
	}
	text := strings.Join(load(t), "\n")
	for _, name := range regexp.MustCompile(`PERCORE_[A-Z_]+`).FindAllString(text, -1) {
		if !given[name] && !strings.Contains(string(out), `"`+name+`"`) {
			t.Errorf("README.md speaks of %s, which percore does not know", name)
		}
	}
}

func TestEveryLinkAndFolderIsThere(t *testing.T) {
	text := strings.Join(load(t), "\n")
	var paths []string
	for _, link := range regexp.MustCompile(`\]\(([^):#]+)\)`).FindAllStringSubmatch(text, -1) {
		paths = append(paths, link[1])
	}
	for _, folder := range regexp.MustCompile("(?m)^\\| `([a-z0-9/]+/)` \\|").FindAllStringSubmatch(text, -1) {
		paths = append(paths, folder[1])
	}
	if len(paths) < 10 {
		t.Fatalf("README.md: found only %d links and folders: %q", len(paths), paths)
	}
	for _, path := range paths {
		if _, err := os.Stat(filepath.Join(rig.Repository(), path)); err != nil {
			t.Errorf("README.md leads to %s: %v", path, err)
		}
	}
}

// A newcomer finds every folder with code in the table: those at the top, and the parts of the three that the binary is made of.
func TestTheLayoutNamesEveryFolder(t *testing.T) {
	text, seen := strings.Join(load(t), "\n"), make(map[string]bool)
	for _, pattern := range []string{"*/go.mod", "*/*.go", "e2e/*/*.go"} {
		files, err := filepath.Glob(filepath.Join(rig.Repository(), pattern))
		if err != nil {
			t.Fatal(err)
		}
		if len(files) == 0 {
			t.Errorf("%s: got no files, want some", pattern)
		}
		for _, file := range files {
			folder, err := filepath.Rel(rig.Repository(), filepath.Dir(file))
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(folder, "e2e/") {
				folder = "e2e"
			}
			if !seen[folder] && !strings.Contains(text, "`"+folder+"/`") {
				t.Errorf("README.md: the layout lacks %s/", folder)
			}
			seen[folder] = true
		}
	}
}
