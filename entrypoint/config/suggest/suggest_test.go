package suggest

import "testing"

func TestSlips(t *testing.T) {
	cases := []struct {
		name string
		a, b string
		want int
	}{
		{"equal", "WORKERS", "WORKERS", 0},
		{"one left out", "WORKRS", "WORKERS", 1},
		{"one too many", "WORKEERS", "WORKERS", 1},
		{"one mistaken", "WORKARS", "WORKERS", 1},
		{"two swapped", "WORKRES", "WORKERS", 1},
		{"two slips", "WRKRES", "WORKERS", 2},
		{"nothing against two", "", "AB", 2},
		{"lengths too far apart are only said to be far", "", "WORKERS", slipsMax + 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := Slips(c.a, c.b); got != c.want {
				t.Errorf("Slips(%q, %q): got %d, want %d", c.a, c.b, got, c.want)
			}
			if got := Slips(c.b, c.a); got != c.want {
				t.Errorf("Slips(%q, %q): got %d, want %d", c.b, c.a, got, c.want)
			}
		})
	}
}

func TestNearest(t *testing.T) {
	known := []string{
		"PERCORE_MODE", "PERCORE_WORKERS", "PERCORE_NAME", "PERCORE_PORTS_FROM", "PERCORE_USER", "PERCORE_STOPSIGNAL", "PERCORE_STOPWAITSECS",
		"PERCORE_READY_TIMEOUT", "PERCORE_STOP_TIMEOUT", "PERCORE_CLIENT_MAX_BODY_SIZE", "PERCORE_PROXY_READ_TIMEOUT", "PERCORE_LOGLEVEL",
	}
	for wrong, want := range map[string]string{
		"PERCORE_WORKRES":              "PERCORE_WORKERS",
		"PERCORE_WORKER":               "PERCORE_WORKERS",
		"percore_workers":              "PERCORE_WORKERS",
		"PERCORE_STOP_SIGNAL":          "PERCORE_STOPSIGNAL",
		"PERCORE_STOP_WAIT_SECS":       "PERCORE_STOPWAITSECS",
		"PERCORE_TIMEOUT_STOP":         "PERCORE_STOP_TIMEOUT",
		"PERCORE_LOG_LEVEL":            "PERCORE_LOGLEVEL",
		"PERCORE_MAX_BODY_SIZE":        "PERCORE_CLIENT_MAX_BODY_SIZE",
		"PERCORE_READ_TIMEOUT":         "PERCORE_READY_TIMEOUT",
		"PERCORE_PORTS_FORM":           "PERCORE_PORTS_FROM",
		"PERCORE_USR":                  "PERCORE_USER",
		"PERCORE_TLS_CERT":             "",
		"PERCORE_PORT":                 "",
		"PERCORE_HOME":                 "", // two slips from NAME and MODE
		"PERCORE_COMPLETELY_DIFFERENT": "",
	} {
		if got := Nearest("PERCORE_", wrong, known); got != want {
			t.Errorf("Nearest(%q): got %q, want %q", wrong, got, want)
		}
	}
}
