package supervise

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"percore/entrypoint/config"
	"percore/entrypoint/config/environment"
	"percore/entrypoint/output"
	"percore/internal/trial"
	"percore/reaper/cpus"
)

func TestAnAutomaticFleetFollowsTheCPUs(t *testing.T) {
	for name, c := range map[string]struct {
		environ []string
		now     int
		want    string // what the fleet is told
		log     string
	}{
		"more CPUs":                         {now: 4, want: "4 usable CPUs: quota"},
		"fewer":                             {now: 1, want: "1 usable CPUs: quota"},
		"as many as before":                 {now: 2},
		"a number of workers that was said": {environ: []string{"PERCORE_WORKERS=2"}, now: 4},
		"WEB_CONCURRENCY says one, too":     {environ: []string{"WEB_CONCURRENCY=2"}, now: 4},
		"further programs alone": {
			environ: []string{"PERCORE_MODE=none", "PERCORE_COMMAND=", "PERCORE_PROGRAMS=mail", "PERCORE_MAIL_COMMAND=true"},
			now:     4,
		},
		"more workers than there are ports left": {environ: []string{"PERCORE_PORTS_FROM=65534"}, now: 4, log: "number of workers stays"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, _, err := config.Load(environment.Overlay([]string{"PERCORE_COMMAND=true"}, c.environ), 1000)
			if err != nil {
				t.Fatal(err)
			}
			var out trial.Buffer
			told := ""
			r := &resizer{
				current: func() *config.Config { return cfg },
				resize:  func(n int, reason string) { told = fmt.Sprint(n, " ", reason) },
				log:     output.NewLog(&out, slog.LevelInfo, output.StyleText),
				counted: cpus.Count{N: 2, Why: "quota"},
				recount: func() cpus.Count { return cpus.Count{N: c.now, Why: "quota"} },
			}
			r.follow()
			if told != c.want || !strings.Contains(out.String(), c.log) || (c.log == "") != (out.String() == "") {
				t.Errorf("got the fleet told %q and the log %q, want %q and %q", told, out.String(), c.want, c.log)
			}
			told = ""
			if r.follow(); told != "" {
				t.Errorf("the same number again: got the fleet told %q", told)
			}
		})
	}
}

func TestAResizerWithoutAWatcherEndsWhenItIsTold(t *testing.T) {
	r := &resizer{stop: make(chan struct{})}
	ended := make(chan error)
	go func() { ended <- r.run() }()
	select {
	case <-ended:
		t.Fatal("got it ended before the others")
	default:
	}
	r.close()
	if err := <-ended; err != nil {
		t.Errorf("got error %v", err)
	}
}
