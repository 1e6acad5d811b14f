package pid1

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"percore/e2e/rig"
)

func TestFurtherProgramsRunBesideTheFleet(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "mailer.log")
	ports := rig.FreePorts(t, 10)
	sideCar := func(i int) string { return fmt.Sprintf("side-car:side-car-%d", ports+i) }
	s := start(t, env{
		"PERCORE_WORKERS": "1", "PERCORE_PROGRAMS": "mailer,side-car", "PERCORE_LOG_PREFIX": "true",
		"PERCORE_MAILER_COMMAND": `sh -c 'echo hello from $SUPERVISOR_PROCESS_NAME; exec sleep 100'`, "PERCORE_MAILER_STDOUT_LOGFILE": log,
		"PERCORE_SIDE_CAR_COMMAND":    fmt.Sprintf("%s worker serve --port={port}", workerBinary),
		"PERCORE_SIDE_CAR_PORTS_FROM": strconv.Itoa(ports), "PERCORE_SIDE_CAR_USER": "65534:65534", "PERCORE_SIDE_CAR_WORKERS": "2",
	}, serveCommand()...)
	s.AwaitReady(4)
	s.Await("the mailer's own log", func() bool { return content(log) == "mailer: hello from mailer\n" }) // LOG_PREFIX is the fleet's
	for _, name := range []string{"mailer:mailer", sideCar(0), sideCar(1)} {
		s.Named(name)
	}
	if got := s.Named(sideCar(1)).Status["Uid"]; !strings.HasPrefix(got, "65534") {
		t.Errorf("uid of side-car: got %q, want its own", got)
	}
	for range 20 {
		if body := s.Body("/"); strings.Contains(body, "side-car") {
			t.Fatalf("got %q, want no traffic for further programs", body)
		}
	}
	mailer := s.Named("mailer:mailer")
	s.Kill(mailer)
	s.Await("another mailer", func() bool { return s.Named("mailer:mailer").Inside != mailer.Inside })
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
}

func TestThereMayBeFurtherProgramsAlone(t *testing.T) {
	s := start(t, env{
		"PERCORE_MODE": "none", "PERCORE_LISTEN": "", "PERCORE_PROGRAMS": "one,two", "PERCORE_ONE_COMMAND": "sh -c 'sleep 0.1; exit 3'", "PERCORE_TWO_COMMAND": "sh -c 'exit 0'",
		"PERCORE_ONE_AUTORESTART": "false", "PERCORE_TWO_AUTORESTART": "unexpected",
	})
	if code := s.Wait(); code != 3 {
		t.Errorf("exit code: got %d, want that of the one that failed", code)
	}
}

func TestPRIORITYOrdersTheStartAndTheStop(t *testing.T) {
	const command = `sh -c 'trap "sleep 0.1; exit 0" TERM; while :; do sleep 0.02; done'`
	s := start(t, env{
		"PERCORE_WORKERS": "1", "PERCORE_PROGRAMS": "late,database,early", "PERCORE_STOP_TIMEOUT": "5",
		"PERCORE_DATABASE_COMMAND": command, "PERCORE_DATABASE_PRIORITY": "-1",
		"PERCORE_EARLY_COMMAND": command, "PERCORE_EARLY_PRIORITY": "10",
		"PERCORE_LATE_COMMAND": command, "PERCORE_LATE_PRIORITY": "1000",
	}, serveCommand()...)
	s.AwaitReady(4)
	order := func(message string) (list []string) {
		for _, l := range s.All(func(l rig.Line) bool { return l.Message == message }) {
			list = append(list, strings.SplitN(l.Process, ":", 2)[0])
		}
		return list
	}
	if got, want := order("worker started"), []string{"database", "early", "worker", "late", "percore"}; !slices.Equal(got, want) {
		t.Errorf("start: got %q, want %q", got, want)
	}
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	if got, want := order("worker ended"), []string{"late", "worker", "early", "database", "percore"}; !slices.Equal(got, want) {
		t.Errorf("stop: got %q, want %q", got, want)
	}
}

func TestCheckShowsFurtherPrograms(t *testing.T) {
	s := start(t, env{"PERCORE_PROGRAMS": "mailer", "PERCORE_MAILER_COMMAND": "sleep 9", "PERCORE_MAILER_STOPSIGNAL": "INT"}, "check", "--", "sleep", "1")
	if code := s.Wait(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	for _, want := range []string{"PERCORE_MAILER_COMMAND sleep 9 environment", "PERCORE_MAILER_STOPSIGNAL INT environment", "PERCORE_MAILER_WORKERS 1 default"} {
		if !slices.ContainsFunc(s.output(true), func(l string) bool { return strings.Join(strings.Fields(l), " ") == want }) {
			t.Errorf("got no line %q", want)
		}
	}
}
