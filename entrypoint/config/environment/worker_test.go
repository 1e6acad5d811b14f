package environment_test

import (
	"slices"
	"testing"

	"percore/entrypoint/config/environment"
)

func TestForWorkers(t *testing.T) {
	environ := []string{
		"PATH=/bin", "HOME=/root", "novalue", "EMPTY=",
		"PERCORE_WORKERS=4", "PERCORE_NAME_FILE=/run/secrets/name",
		"PORT=8080", "WEB_CONCURRENCY=4",
		"PERCORE_WORKER_INDEX=1", "PERCORE_WORKER_NAME=a:b-8000", "PERCORE_ROLE=front",
		"PERCORE_TOKEN=hunter2", "PERCORE_TOKEN_FILE=/run/secrets/token", "PERCORE_LINK_FD=3",
		"LISTEN_FDS=1", "LISTEN_PID=1", "LISTEN_FDNAMES=web", "NOTIFY_SOCKET=/run/systemd/notify", "WATCHDOG_USEC=1", "WATCHDOG_PID=1",
		"LISTEN_ADDRESS=theirs",
	}
	before := slices.Clone(environ)
	got := environment.ForWorkers(environ, []string{"PERCORE_TOKEN"})
	want := []string{
		"PATH=/bin", "HOME=/root", "novalue", "EMPTY=",
		"PERCORE_WORKERS=4", "PERCORE_NAME_FILE=/run/secrets/name", "LISTEN_ADDRESS=theirs",
	}
	if !slices.Equal(got, want) {
		t.Errorf("ForWorkers: got %q, want %q", got, want)
	}
	if !slices.Equal(environ, before) {
		t.Errorf("ForWorkers changed its argument: got %q, want %q", environ, before)
	}
}

func TestWorkersDoNotSeeWhatIsMeantForPercore(t *testing.T) {
	secrets := []string{"PERCORE_TOKEN", "PERCORE_KEY"}
	for entry, want := range map[string]bool{
		"HOME=/":                true,
		"PERCORE_WORKERS=4":     true, // a worker may be another percore's, or ask how it is run
		"PERCORE_TOKENS=x":      true,
		"PERCORE_KEY_FILES=x":   true,
		"TOKEN=x":               true,
		"WEB_CONCURRENCY_MAX=4": true,
		"NOTIFY_SOCKETS=x":      true,
		"PERCORE_TOKEN=x":       false,
		"PERCORE_TOKEN_FILE=/x": false,
		"PERCORE_KEY=x":         false,
		"PERCORE_ROLE=front":    false,
		"PERCORE_LINK_FD=3":     false,
		"PERCORE_WORKER_MARK=x": false,
		"PERCORE_SOCKET=/s":     false,
		"WEB_CONCURRENCY=4":     false,
		"PORT=80":               false,
		"LISTEN_FDS=1":          false,
		"NOTIFY_SOCKET=/s":      false,
		"WATCHDOG_USEC=1":       false,
	} {
		if got := len(environment.ForWorkers([]string{entry}, secrets)) == 1; got != want {
			t.Errorf("%s: got that a worker sees it %t, want %t", entry, got, want)
		}
	}
}
