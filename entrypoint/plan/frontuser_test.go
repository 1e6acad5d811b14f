package plan

import (
	"os"
	"strings"
	"testing"

	"percore/entrypoint/config"
)

// planFor is the plan for an environment, or why there is none.
func planFor(t *testing.T, environ ...string) (*config.Config, *Plan, error) {
	t.Helper()
	cfg, _, err := config.Load(environ, os.Getuid())
	if err != nil {
		t.Fatal(err)
	}
	cfg.UseArguments([]string{"true"})
	p, err := Make(cfg)
	return cfg, p, err
}

func TestTheFrontDoorsUserIsNoWorkers(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: other users take root")
	}
	for name, c := range map[string]struct {
		environ []string
		uid     uint32
		why     string // in percore check
		err     string
	}{
		"workers of root":                 {uid: 65534, why: "percore runs as root"},
		"workers of another user":         {environ: []string{"PERCORE_USER=1000:1000"}, uid: 65534, why: "percore runs as root"},
		"workers that are nobody":         {environ: []string{"PERCORE_USER=65534:65534"}, uid: 65533, why: "the workers are 65534"},
		"workers that are nobody by name": {environ: []string{"PERCORE_USER=nobody"}, uid: 65533, why: "the workers are 65534"},
		"a further program is nobody": {
			environ: []string{"PERCORE_PROGRAMS=a,b", "PERCORE_A_COMMAND=true", "PERCORE_A_USER=65534:65534", "PERCORE_B_COMMAND=true", "PERCORE_B_USER=65533:65532"},
			uid:     65531, why: "the workers are 65534",
		},
		"a chosen user": {environ: []string{"PERCORE_FRONT_USER=4242:4242", "PERCORE_USER=65534:65534"}, uid: 4242},
		"a chosen user that is the workers'": {
			environ: []string{"PERCORE_FRONT_USER=4242:4242", "PERCORE_USER=4242:1"},
			err:     "PERCORE_FRONT_USER=4242:4242: is a worker's user as well",
		},
		"a chosen user that is a further program's": {
			environ: []string{"PERCORE_FRONT_USER=4242:4242", "PERCORE_PROGRAMS=a", "PERCORE_A_COMMAND=true", "PERCORE_A_USER=4242:1"},
			err:     "is a worker's user as well",
		},
		"root, which the workers are": {environ: []string{"PERCORE_FRONT_USER=root"}, err: "is a worker's user as well"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, p, err := planFor(t, c.environ...)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Fatalf("got %v, want an error with %q", err, c.err)
				}
				return
			}
			if err != nil || p.Front.UID != c.uid || p.Front.GID != c.uid {
				t.Fatalf("got %+v, %v, want user and group %d", p.Front, err, c.uid)
			}
			if why := cfg.Setting("PERCORE_FRONT_USER").Reason; !strings.Contains(why, c.why) {
				t.Errorf("reason: got %q, want %q", why, c.why)
			}
		})
	}
}
