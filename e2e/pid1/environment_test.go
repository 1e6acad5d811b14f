package pid1

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"percore/e2e/rig"
)

func TestAWorkerIsToldWhoItIs(t *testing.T) {
	s := start(t, env{"PERCORE_WORKERS": "1", "PERCORE_NAME": "api", "APP_MODE": "production", "WEB_CONCURRENCY": "7"},
		serveCommand("{index}", "{name}", "--bind=127.0.0.1:{port}", "{other}")...)
	s.AwaitReady(1)
	w := s.whoami()
	port := strconv.Itoa(s.PortsFrom)
	want := []string{"worker", "worker", "serve", "--port=" + port, "0", "api-" + port, "--bind=127.0.0.1:" + port, "{other}"}
	if !slices.Equal(w.Args, want) {
		t.Errorf("arguments: got %q, want %q", w.Args, want)
	}
	for name, want := range map[string]string{"PORT": port, "PERCORE_WORKER_INDEX": "0", "PERCORE_WORKER_NAME": "api-" + port, "APP_MODE": "production"} {
		if got, _ := w.variable(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if got, found := w.variable("WEB_CONCURRENCY"); found {
		t.Errorf("WEB_CONCURRENCY: got %q, want it removed", got)
	}
}

func TestWEBCONCURRENCYCountsTheWorkers(t *testing.T) {
	s := start(t, env{"WEB_CONCURRENCY": "3"}, serveCommand()...)
	s.AwaitReady(3)
	if got := len(s.WorkerLines("worker started")); got != 3 {
		t.Errorf("got %d workers, want 3", got)
	}
}

func TestPORTIsThePublicPort(t *testing.T) {
	public := rig.FreePorts(t, 10)
	s := start(t, env{"PERCORE_WORKERS": "1", "PERCORE_LISTEN": "", "PORT": strconv.Itoa(public)}, serveCommand()...)
	s.Address = fmt.Sprintf("127.0.0.1:%d", public)
	s.AwaitReady(1)
	if got, _ := s.whoami().variable("PORT"); got != strconv.Itoa(s.PortsFrom) {
		t.Errorf("PORT of the worker: got %q, want its own %d", got, s.PortsFrom)
	}
}

func TestUSERDropsEveryPrivilege(t *testing.T) {
	s := start(t, env{"PERCORE_WORKERS": "1", "PERCORE_USER": "nobody:nogroup"}, serveCommand()...)
	s.AwaitReady(1)
	w := s.whoami()
	if w.UID != 65534 || w.GID != 65534 || slices.Contains(w.Groups, 0) {
		t.Errorf("got uid %d, gid %d, groups %v, want 65534, 65534 and no group of root", w.UID, w.GID, w.Groups)
	}
	if home, _ := w.variable("HOME"); home == "/root" {
		t.Errorf("HOME: got %q, want that of nobody", home)
	}
	for _, field := range []string{"CapEff", "CapPrm"} {
		if got := s.Worker(0).Status[field]; strings.Trim(got, "0") != "" {
			t.Errorf("%s: got %s, want none", field, got)
		}
	}
}

func TestDIRECTORYIsTheWorkingDirectory(t *testing.T) {
	directory := t.TempDir()
	s := start(t, env{"PERCORE_WORKERS": "1", "PERCORE_DIRECTORY": directory}, serveCommand()...)
	s.AwaitReady(1)
	if got := s.whoami().Directory; got != directory {
		t.Errorf("got %q, want %q", got, directory)
	}
}

func TestASecretFromAFileIsNotPassedOn(t *testing.T) {
	file := filepath.Join(t.TempDir(), "workers")
	if err := os.WriteFile(file, []byte("2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, env{"PERCORE_WORKERS_FILE": file}, serveCommand()...)
	s.AwaitReady(2)
	if got, found := s.whoami().variable("PERCORE_WORKERS"); found {
		t.Errorf("PERCORE_WORKERS: got %q in the worker's environment, want it left out", got)
	}
}

func TestTheCommandMayComeFromTheEnvironment(t *testing.T) {
	report := filepath.Join(t.TempDir(), "it's me")
	s := start(t, env{
		"PERCORE_MODE": "none", "PERCORE_READY": "none", "PERCORE_WORKERS": "1",
		"PERCORE_COMMAND": fmt.Sprintf(`%s worker report "%s" 'two words' $HOME`, workerBinary, report),
	})
	var w identity
	s.Await("the worker's report", func() bool {
		content, err := os.ReadFile(report)
		return err == nil && json.Unmarshal(content, &w) == nil
	})
	if want := []string{"worker", "worker", "report", report, "two words", "$HOME"}; !slices.Equal(w.Args, want) {
		t.Errorf("arguments: got %q, want %q", w.Args, want)
	}
}

func TestOnlyTheProgramThatAsksForItHasNoNewPrivileges(t *testing.T) {
	s := start(t, env{
		"PERCORE_WORKERS": "1", "PERCORE_PROGRAMS": "confined", "PERCORE_CONFINED_COMMAND": "sleep 1000", "PERCORE_CONFINED_NO_NEW_PRIVS": "yes",
		"PERCORE_CONFINED_USER": "1000:1000",
	}, workerBinary, "worker", "serve", "{port}")
	s.AwaitReady(1)
	s.Await("the further program", func() bool { return s.Alive(true)["confined:confined"].PID != 0 })
	for name, want := range map[string]string{"confined:confined": "1", s.WorkerName(0): "0"} {
		p, _ := s.Find(s.Alive(true)[name].PID)
		if got := p.Status["NoNewPrivs"]; got != want {
			t.Errorf("no_new_privs of %s: got %q, want %s", name, got, want)
		}
	}
	child := start(t, env{"PERCORE_MODE": "init", "PERCORE_NO_NEW_PRIVS": "yes"}, "grep", "-q", "NoNewPrivs.*1", "/proc/self/status")
	if code := child.Wait(); code != 0 {
		t.Errorf("mode init: got code %d, want that the child finds its no_new_privs set", code)
	}
}
