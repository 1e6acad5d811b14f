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
		"PERCORE_WORKER_INDEX=1", "PERCORE_WORKER_NAME=a:b-8000", "PERCORE_ROLE=front", "PERCORE_TOKEN=hunter2", "PERCORE_TOKEN_FILE=/run/secrets/token", "PERCORE_LINK_FD=3",
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
