package config_test

import (
	"regexp"
	"strings"
	"testing"

	"percore/entrypoint/config"
)

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
		case strings.Count(v.Meaning+v.Default, "`")%2 != 0:
			t.Errorf("%s: code never ends: %s %s", v.Name, v.Meaning, v.Default)
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
