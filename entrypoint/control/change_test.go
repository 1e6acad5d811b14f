package control_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"strings"
	"testing"

	"percore/entrypoint/control"
)

func TestTheLogSaysWhoChangesSomething(t *testing.T) {
	var log bytes.Buffer // written by the server before it answers
	place := socketIn(t)
	serveAndLog(t, place, echo, slog.New(slog.NewJSONHandler(&log, nil)))
	for name, c := range map[string]struct {
		request control.Request
		want    map[string]any // nothing: no line
	}{
		"a stop": {
			control.Request{Verb: control.VerbStop, Names: []string{"webs:*", "cron"}},
			map[string]any{"command": "stop", "names": "webs:* cron"},
		},
		"a signal": {
			control.Request{Verb: control.VerbSignal, Signal: "HUP", Names: []string{"all"}},
			map[string]any{"command": "signal", "signal": "HUP", "names": "all"},
		},
		"a scale": {control.Request{Verb: control.VerbScale, Count: 3}, map[string]any{"command": "scale", "count": 3.0}},
		"an update, without its values": {
			control.Request{Verb: control.VerbUpdate, Set: []string{"TOKEN=secret", "X="}},
			map[string]any{"command": "update", "variables": "TOKEN X"},
		},
		"the end":                   {control.Request{Verb: control.VerbShutdown}, map[string]any{"command": "shutdown"}},
		"an update that is a trial": {control.Request{Verb: control.VerbUpdate, DryRun: true, Set: []string{"X=1"}}, nil},
		"a look":                    {control.Request{Verb: control.VerbStatus}, nil},
		"a health check":            {control.Request{Verb: control.VerbReady}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			log.Reset()
			if _, _, err := call(t, place, c.request); err != nil {
				t.Fatal(err)
			}
			line := map[string]any{}
			if text := log.Bytes(); len(text) > 0 {
				if err := json.Unmarshal(text, &line); err != nil {
					t.Fatalf("%v: %s", err, text)
				}
			}
			if c.want != nil {
				c.want["msg"], c.want["pid"], c.want["uid"] = "control command", float64(os.Getpid()), float64(os.Getuid())
			}
			for key, want := range c.want {
				if line[key] != want {
					t.Errorf("%s: got %v, want %v", key, line[key], want)
				}
			}
			if c.want == nil && len(line) > 0 || strings.Contains(log.String(), "secret") {
				t.Errorf("got %s, want less", log.String())
			}
		})
	}
}
