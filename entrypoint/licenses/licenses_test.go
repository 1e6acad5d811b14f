package licenses_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"percore/entrypoint/licenses"
)

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// `make check` makes the file anew and compares; this needs neither modules nor Go's sources.
func TestEveryModuleIsThereInItsVersion(t *testing.T) {
	required := regexp.MustCompile(`(?m)^\s+(\S+) (v\S+)$`).FindAllStringSubmatch(read(t, "../../go.mod"), -1)
	if len(required) == 0 {
		t.Fatal("go.mod: got no module, want some")
	}
	for _, m := range required {
		if !strings.Contains(licenses.ThirdParty, "\n"+m[1]+" "+m[2]+"\n\n") {
			t.Errorf("%s %s: got no text; run go generate ./entrypoint/licenses", m[1], m[2])
		}
	}
	if got := read(t, "../../THIRD_PARTY_LICENSES"); got != licenses.ThirdParty {
		t.Error("THIRD_PARTY_LICENSES of the repository: got another text than the binary's")
	}
}

// The images' label names all licenses that the text does.
func TestTheImagesLabelsNameAllLicenses(t *testing.T) {
	labels := regexp.MustCompile(`org\.opencontainers\.image\.licenses="([^"]*)"`).FindAllStringSubmatch(read(t, "../../Dockerfile"), -1)
	if len(labels) != 2 {
		t.Fatalf("got labels %q, want one for each image", labels)
	}
	names := regexp.MustCompile(`\b(?:MIT|MPL-2\.0|Apache-2\.0|BSD-3-Clause)\b`).FindAllString(strings.SplitN(licenses.ThirdParty, "====", 2)[0], -1)
	if len(names) < 5 {
		t.Fatalf("got licenses %q, want that of percore, of each module and of the certificates", names)
	}
	for _, label := range labels {
		for _, name := range names {
			if !strings.Contains(" "+label[1]+" ", " "+name+" ") {
				t.Errorf("label %q: got no %s", label[1], name)
			}
		}
	}
}
