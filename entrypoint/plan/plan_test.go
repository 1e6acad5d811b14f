package plan

import (
	"fmt"
	"os"
	"testing"
	"time"

	"percore/entrypoint/config"
)

// TestThePlanFollowsTheConfiguration checks what the configuration comes to.
func TestThePlanFollowsTheConfiguration(t *testing.T) {
	for name, c := range map[string]struct {
		environ        []string
		workers, loops int
	}{
		"a number of workers":             {[]string{"PERCORE_WORKERS=5"}, 5, 1},
		"WEB_CONCURRENCY when ours unset": {[]string{"WEB_CONCURRENCY=3"}, 3, 1},
		"ours wins over WEB_CONCURRENCY":  {[]string{"WEB_CONCURRENCY=3", "PERCORE_WORKERS=2"}, 2, 1},
		"a number of loops":               {[]string{"PERCORE_WORKERS=1", "PERCORE_LOOPS=4"}, 1, 4},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := configOf(t, append(c.environ, "PERCORE_COMMAND=true")...)
			p, err := Make(cfg)
			if err != nil {
				t.Fatal(err)
			}
			if p.Workers != c.workers || p.Loops != c.loops {
				t.Errorf("plan: got %d workers and %d loops, want %d and %d", p.Workers, p.Loops, c.workers, c.loops)
			}
			if o := p.FrontOptions(cfg); o.Loops != c.loops || o.Services[0].QueueTimeout != 10*time.Second {
				t.Errorf("front door options: got %+v", o)
			}
		})
	}
}

func configOf(t *testing.T, environ ...string) *config.Config {
	t.Helper()
	cfg, _, err := config.Load(environ, os.Getuid())
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// TestTheFrontDoorGetsNoEnvironmentOfOurs: secrets in PID 1's environment stay there.
func TestTheFrontDoorGetsNoEnvironmentOfOurs(t *testing.T) {
	t.Setenv("PERCORE_SOME_SECRET", "x")
	p := &Plan{Loops: 3, memory: 64 << 20}
	want := []string{"PERCORE_ROLE=front", "GOMAXPROCS=5", "GOMEMLIMIT=33554432"}
	if got := p.frontEnviron(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("environment: got %q, want %q", got, want)
	}
}
