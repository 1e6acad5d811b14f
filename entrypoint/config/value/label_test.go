package value_test

import (
	"testing"

	"percore/entrypoint/config/value"
)

func TestLabel(t *testing.T) {
	readAll[value.Label](t, []reading{
		{name: "a name", text: "tornado", want: "tornado"},
		{name: "every kind of character", text: "Web_2.beta-1", want: "Web_2.beta-1"},
		{name: "a colon", text: "a:b", err: "letters"},
		{name: "a slash", text: "a/b", err: "letters"},
		{name: "an umlaut", text: "büro", err: "letters"},
		{name: "nothing", text: "", err: "letters"},
	})
}

func TestLabelOf(t *testing.T) {
	for program, want := range map[string]value.Label{
		"python3":               "python3",
		"/usr/bin/python3.11":   "python3.11",
		"./serve.sh":            "serve",
		"/app/main.py":          "main",
		"server.js":             "server",
		"my app":                "my-app",
		".py":                   ".py",
		"/opt/büro/start":       "start",
		"{name}":                "-name-",
		"/usr/local/bin/app.v2": "app.v2",
	} {
		if got := value.LabelOf(program); got != want {
			t.Errorf("LabelOf(%q): got %q, want %q", program, got, want)
		}
	}
}
