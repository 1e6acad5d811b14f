package supervise

import (
	"bytes"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"percore/entrypoint/output"
	"percore/reaper/fleet"
)

func TestTheServingLine(t *testing.T) {
	up, down, draining := fleet.Endpoint{State: fleet.Up}, fleet.Endpoint{State: fleet.Down}, fleet.Endpoint{State: fleet.Draining}
	tests := []struct {
		name    string
		changes [][]fleet.Endpoint // one second apart
		later   time.Duration
		want    string // a regular expression; empty: no line
	}{
		{
			"all are ready",
			[][]fleet.Endpoint{{down, down}, {up, down}, {up, up}, {up, draining}, {up, up}},
			0,
			`serving http on :8080, 2 of 2 workers ready after 3\.0 s \(2 CPUs: quota 2\)`,
		},
		{"some take long", [][]fleet.Endpoint{{up, down, down}}, 6 * time.Second, `1 of 3 workers ready after 6\.0 s`},
		{"the rest is ready while the line waits", [][]fleet.Endpoint{{up, down}, {up, up}}, 6 * time.Second, `2 of 2 workers ready after 2\.0 s`},
		{"the first one is gone when the line has waited", [][]fleet.Endpoint{{up, down}, {down, down}}, 6 * time.Second, ``},
		{"there is no worker yet", [][]fleet.Endpoint{{}, {down}}, 6 * time.Second, ``},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out bytes.Buffer
				s := servingLine{log: output.NewLog(&out, slog.LevelInfo, output.StyleText), where: ":8080", why: "2 CPUs: quota 2", began: time.Now()}
				for _, endpoints := range test.changes {
					time.Sleep(time.Second) // of the bubble's clock
					s.count(endpoints)
				}
				time.Sleep(test.later)
				synctest.Wait()
				switch lines := strings.Count(out.String(), "\n"); {
				case test.want == "" && lines > 0, test.want != "" && lines != 1:
					t.Errorf("lines: got %q", out.String())
				case !regexp.MustCompile(test.want).MatchString(out.String()):
					t.Errorf("line: got %q, want %s", out.String(), test.want)
				}
			})
		})
	}
}
