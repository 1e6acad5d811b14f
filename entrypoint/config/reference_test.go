package config_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"percore/entrypoint/config"
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

func TestConfigurationPageIsCurrent(t *testing.T) {
	var got bytes.Buffer
	if err := config.WriteMarkdown(&got); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Error("docs/configuration.md is stale: run `go generate ./entrypoint/config`")
	}
}

func TestWriteText(t *testing.T) {
	var got bytes.Buffer
	if err := config.WriteText(&got); err != nil {
		t.Fatal(err)
	}
	checkGolden(t, "env.txt", got.String())
}

func TestWriteEffective(t *testing.T) {
	cfg := mustLoad(t, 0, "PERCORE_WORKERS=4", "PORT=5000", "PERCORE_DIRECTORY=/srv/a\tb", "KUBERNETES_SERVICE_HOST=10.0.0.1")
	cfg.UseArguments([]string{"python3", "main.py", "--port={port}"})
	var got bytes.Buffer
	if err := cfg.WriteEffective(&got); err != nil {
		t.Fatal(err)
	}
	checkGolden(t, "check.txt", got.String())
}

func TestWriteJSON(t *testing.T) {
	var out bytes.Buffer
	if err := config.WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	var got []config.Variable
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("read back: %v", err)
	}
	want := config.Reference()
	if len(got) != len(want) || got[0].Name != "PERCORE_MODE" || got[0].Type != "http, none, init" {
		t.Errorf("WriteJSON: got %d variables, the first %+v; want %d, the first %+v without quotes", len(got), got[0], len(want), want[0])
	}
}

// TestReferenceIsWhole holds every tag against the rules that the writers and Load rely on.
func TestReferenceIsWhole(t *testing.T) {
	name := regexp.MustCompile(`^(PERCORE_[A-Z]+(_[A-Z]+)*|PORT|WEB_CONCURRENCY)$`)
	seen := map[string]bool{}
	for _, v := range config.Reference() {
		switch {
		case !name.MatchString(v.Name), seen[v.Name]:
			t.Errorf("%s: malformed, or there twice", v.Name)
		case strings.HasSuffix(v.Name, "_PORT"), strings.HasPrefix(v.Name, "PERCORE_SERVICE"), strings.HasSuffix(v.Name, "_FILE"):
			t.Errorf("%s: Kubernetes or a _FILE twin may set this name", v.Name)
		case v.Group != "fleet" && v.Group != "front door" && v.Group != "mode init" && v.Group != "operations":
			t.Errorf("%s: got group %q", v.Name, v.Group)
		case v.Meaning == "" || v.Example == "":
			t.Errorf("%s: got meaning %q and example %q, want both", v.Name, v.Meaning, v.Example)
		case strings.Count(v.Meaning+v.Default, "'")%2 != 0:
			t.Errorf("%s: a quote is never closed: %s %s", v.Name, v.Meaning, v.Default)
		}
		seen[v.Name] = true
		environ := []string{v.Name + "=" + v.Example}
		if v.Name == "PERCORE_PROGRAMS" {
			environ = append(environ, "PERCORE_MAILER_COMMAND=mailer", "PERCORE_CRON_COMMAND=cron")
		}
		if _, _, err := config.Load(environ, 0); err != nil {
			t.Errorf("%s: its own example is refused: %v", v.Name, err)
		}
	}
}

// brokenPipe fails like the terminal of somebody who has left.
type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestWritersReturnTheirError(t *testing.T) {
	cfg := mustLoad(t, someUID)
	for name, write := range map[string]func(io.Writer) error{
		"WriteText": config.WriteText, "WriteMarkdown": config.WriteMarkdown, "WriteJSON": config.WriteJSON, "WriteEffective": cfg.WriteEffective,
	} {
		if err := write(brokenPipe{}); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("%s: got error %v, want %v", name, err, io.ErrClosedPipe)
		}
	}
}
