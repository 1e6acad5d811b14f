package reference_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"percore/entrypoint/config"
	"percore/entrypoint/config/reference"
)

var update = flag.Bool("update", false, "write the golden files anew")

// checkGolden compares with a file of testdata.
func checkGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not what is written any more (go test -update writes it anew)\n got:\n%s\nwant:\n%s", path, got, want)
	}
}

// load loads a faultless environment as root.
func load(t *testing.T, environ ...string) *config.Config {
	t.Helper()
	cfg, _, err := config.Load(environ, 0)
	if err != nil {
		t.Fatalf("Load(%q): %v", environ, err)
	}
	return cfg
}

func TestConfigurationPageIsCurrent(t *testing.T) {
	var got bytes.Buffer
	if err := reference.Markdown(&got); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("../../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Error("docs/configuration.md is stale: run `go generate ./entrypoint/config/...`")
	}
}

func TestTheTableOfEffectsIsCurrent(t *testing.T) {
	const page, begin, end = "../../../docs/control.md", "<!-- effects -->\n", "<!-- end of effects -->"
	var table bytes.Buffer
	if err := reference.Effects(&table); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(string(got), begin)
	_, tail, found := strings.Cut(rest, end)
	if !found {
		t.Fatalf("docs/control.md has no %q and %q", begin, end)
	}
	want := head + begin + table.String() + end + tail
	switch {
	case want == string(got):
	case !*update:
		t.Error("docs/control.md is stale: go test ./entrypoint/config/reference -run TableOfEffects -update")
	default:
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestText(t *testing.T) {
	var got bytes.Buffer
	if err := reference.Text(&got); err != nil {
		t.Fatal(err)
	}
	checkGolden(t, "env.txt", got.String())
}

func TestEffective(t *testing.T) {
	cfg := load(t, "PERCORE_WORKERS=4", "PORT=5000", "PERCORE_DIRECTORY=/srv/a\tb", "KUBERNETES_SERVICE_HOST=10.0.0.1")
	cfg.UseArguments([]string{"python3", "main.py", "--port={port}"})
	var got bytes.Buffer
	if err := reference.Effective(&got, cfg); err != nil {
		t.Fatal(err)
	}
	checkGolden(t, "check.txt", got.String())
}

func TestJSON(t *testing.T) {
	var out bytes.Buffer
	if err := reference.JSON(&out); err != nil {
		t.Fatal(err)
	}
	var got []config.Variable
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("read back: %v", err)
	}
	checkGolden(t, "env.json", out.String())
	want := config.Reference()
	if len(got) != len(want) || got[0].Name != "PERCORE_MODE" || got[0].Type != "http, none, init" {
		t.Errorf("JSON: got %d variables, the first %+v; want %d, the first %+v without quotes", len(got), got[0], len(want), want[0])
	}
}

// brokenPipe fails like the terminal of somebody who has left.
type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestWritersReturnTheirError(t *testing.T) {
	cfg := load(t)
	for name, write := range map[string]func(io.Writer) error{
		"Text": reference.Text, "Markdown": reference.Markdown, "JSON": reference.JSON, "Effects": reference.Effects,
		"Effective": func(w io.Writer) error { return reference.Effective(w, cfg) },
	} {
		if err := write(brokenPipe{}); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("%s: got error %v, want %v", name, err, io.ErrClosedPipe)
		}
	}
}

// What is written for people has every variable once, and no mark of Markdown.
func TestTextHasEveryVariable(t *testing.T) {
	var text bytes.Buffer
	if err := reference.Text(&text); err != nil {
		t.Fatal(err)
	}
	for _, v := range config.Reference() {
		if got := strings.Count(text.String(), "\n  "+v.Name+" "); got != 1 {
			t.Errorf("%s: is there %d times, want once", v.Name, got)
		}
	}
	if strings.Contains(text.String(), "`") {
		t.Error("got a back quote, which marks code in Markdown only")
	}
}

func TestMarkdownTablesHoldTogether(t *testing.T) {
	var page bytes.Buffer
	if err := reference.Markdown(&page); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(page.String()) {
		row := strings.ReplaceAll(line, `\|`, "")
		if !strings.HasPrefix(row, "| `") {
			continue
		}
		if got := strings.Count(row, "|"); got != 6 {
			t.Errorf("a row with %d bars, want 6: %s", got, line)
		}
		if strings.Count(row, "`")%2 != 0 {
			t.Errorf("a row whose code does not end: %s", line)
		}
	}
}

// A value with a tab or a newline is one cell, and what a terminal would obey is not written as it is.
func TestEffectiveKeepsToItsTable(t *testing.T) {
	for value, want := range map[string]string{
		"/srv/app":      "/srv/app",
		"/srv/a\tb":     `"/srv/a\tb"`,
		"/srv/\x1b[2Jx": `"/srv/\x1b[2Jx"`,
		`/srv/"a"`:      `"/srv/\"a\""`,
		"/srv/büro":     "/srv/büro",
	} {
		var table bytes.Buffer
		if err := reference.Effective(&table, load(t, "PERCORE_DIRECTORY="+value)); err != nil {
			t.Fatal(err)
		}
		_, row, found := strings.Cut(table.String(), "\nPERCORE_DIRECTORY ")
		row, _, _ = strings.Cut(row, "\n")
		if !found || !strings.HasPrefix(strings.TrimLeft(row, " "), want+" ") {
			t.Errorf("%q: got the row %q, want %s", value, row, want)
		}
	}
}

// All three forms come from the same fields, and so have the same names.
func TestTheFormsHaveTheSameVariables(t *testing.T) {
	var page, text, asJSON bytes.Buffer
	if err := errors.Join(reference.Markdown(&page), reference.Text(&text), reference.JSON(&asJSON)); err != nil {
		t.Fatal(err)
	}
	for _, v := range config.Reference() {
		for form, has := range map[string]bool{
			"Markdown": strings.Contains(page.String(), "| `"+v.Name+"` |"),
			"text":     strings.Contains(text.String(), v.Name+"\n") || strings.Contains(text.String(), v.Name+" "),
			"JSON":     strings.Contains(asJSON.String(), `"name": "`+v.Name+`"`),
		} {
			if !has {
				t.Errorf("%s: got no entry in the %s form", v.Name, form)
			}
		}
	}
}
