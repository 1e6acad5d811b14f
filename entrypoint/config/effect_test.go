package config_test

import (
	"strings"
	"testing"

	"percore/entrypoint/config"
)

// A variable without an effect, or with one that there is not, cannot be changed by an update.
func TestEveryVariableSaysWhatAChangeTakes(t *testing.T) {
	for _, v := range config.Reference() {
		fixed := strings.HasPrefix(v.Change, "needs a new container: ")
		switch {
		case v.Effect.Words() == "":
			t.Errorf("%s: got effect %q, want live, judged, scale, roll or container", v.Name, v.Effect)
		case fixed != (v.Effect == config.Container):
			t.Errorf("%s: got %q for the effect %s", v.Name, v.Change, v.Effect)
		}
	}
}

func TestWhatAChangeComesTo(t *testing.T) {
	want := map[string]string{
		"PERCORE_QUEUE_SIZE":   "at once, for new requests",
		"PERCORE_STRICT":       "at once",
		"PERCORE_STARTSECS":    "at once, for the next start, stop or end of a worker",
		"PERCORE_WORKERS":      "starts or drains workers",
		"PERCORE_COMMAND":      "restarts the workers one after another",
		"PERCORE_MODE":         "needs a new container: PID 1 reads it when it starts",
		"PERCORE_LOOPS":        "needs a new container: every loop has listening sockets of its own",
		"PERCORE_STOP_TIMEOUT": "needs a new container: PID 1 reads it when it starts",
	}
	for _, v := range config.Reference() {
		if text, listed := want[v.Name]; listed && text != v.Change {
			t.Errorf("%s: got %q, want %q", v.Name, v.Change, text)
		}
	}
}

func TestDifferences(t *testing.T) {
	programs := []string{"PERCORE_PROGRAMS=mail", "PERCORE_MAIL_COMMAND=mail"}
	from := mustLoad(t, 0, append(programs, "PERCORE_READY_TIMEOUT=60")...)
	to := mustLoad(t, 0, append(programs, "PERCORE_READY_TIMEOUT=1m", "PERCORE_QUEUE_SIZE=7", "PERCORE_MAIL_UMASK=022", "WEB_CONCURRENCY=2", "PORT=80")...)
	want := map[string]config.Difference{
		"WEB_CONCURRENCY":    {From: "auto", To: "2", Effect: config.Scale},
		"PERCORE_WORKERS":    {From: "auto", To: "2", Effect: config.Scale},
		"PORT":               {From: "0", To: "80", Effect: config.Container, Process: config.ProcessFront},
		"PERCORE_LISTEN":     {From: ":8080", To: ":80", Effect: config.Container, Process: config.ProcessFront},
		"PERCORE_QUEUE_SIZE": {From: "1024", To: "7", Effect: config.Live, Process: config.ProcessFront},
		"PERCORE_MAIL_UMASK": {From: "", To: "022", Effect: config.Roll},
	}
	got := config.Differences(from, to)
	for _, d := range got {
		expected := want[d.Name]
		expected.Name, expected.Change = d.Name, d.Change
		if d != expected || d.Change == "" {
			t.Errorf("got %+v, want %+v", d, expected)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %d differences, want %d: %+v", len(got), len(want), got)
	}
	if again := config.Differences(to, to); len(again) != 0 {
		t.Errorf("between equals: got %+v", again)
	}
}

func TestOnlyOurs(t *testing.T) {
	ours, others := config.OnlyOurs([]string{"PERCORE_X=1", "PORT=80", "WEB_CONCURRENCY=2", "HOME=/", "PORTS=1", "PERCORE_WORKERS=4"})
	if got := strings.Join(ours, " "); got != "PERCORE_X=1 PORT=80 WEB_CONCURRENCY=2 PERCORE_WORKERS=4" {
		t.Errorf("ours: got %s", got)
	}
	if got := strings.Join(others, " "); got != "HOME=/ PORTS=1" {
		t.Errorf("others: got %s", got)
	}
}
