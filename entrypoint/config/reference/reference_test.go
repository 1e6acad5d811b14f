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
