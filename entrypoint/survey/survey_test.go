package survey

import (
	"bytes"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"percore/entrypoint/config/environment"
	"percore/entrypoint/config/value"
	"percore/entrypoint/self"
)

// played is what a check left behind.
type played struct {
	code           int
	stdout, stderr string
}

// checkWith runs `percore check` with these arguments.
func checkWith(environ []string, args ...string) played {
	var stdout, stderr bytes.Buffer
	code := Check(self.Invocation{Args: append([]string{"check"}, args...), Environ: environ, Stdout: &stdout, Stderr: &stderr})
	return played{code, stdout.String(), stderr.String()}
}

// freePort was free a moment ago.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// aloneIn is an environment with addresses of its own, in which no running percore is asked.
func aloneIn(t *testing.T, more ...string) []string {
	t.Helper()
	return append([]string{
		"PATH=/usr/bin:/bin", "PERCORE_CONTROL=" + filepath.Join(t.TempDir(), "s"), "PERCORE_WORKERS=1",
		"PERCORE_LISTEN=127.0.0.1:" + strconv.Itoa(freePort(t)), "PERCORE_PORTS_FROM=" + strconv.Itoa(freePort(t)),
	}, more...)
}

// letAllPass opens a folder, and those on the way to it, to all users.
func letAllPass(t *testing.T, dir string) {
	t.Helper()
	for path := dir; path != os.TempDir() && path != "/"; path = filepath.Dir(path) {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCheckFindsWhatAStartWould(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	for name, c := range map[string]struct {
		environ, command []string
		want             []string // parts of the list, in any order; none: all is well
	}{
		"all is well": {command: []string{"true"}},
		"a program that is not there": {
			command: []string{"no-such-program-x"},
			want:    []string{"PERCORE_COMMAND=no-such-program-x", "there is no such program"},
		},
		"one by its path": {
			command: []string{"/no/such/program"},
			want:    []string{"PERCORE_COMMAND=/no/such/program", "there is no such program"},
		},
		"one that cannot be executed": {
			command: []string{file}, want: []string{"PERCORE_COMMAND=/", "cannot be executed: permission denied"},
		},
		"one that is not there before all": {
			environ: []string{"PERCORE_PRESTART=no-such-program-x"}, command: []string{"true"},
			want: []string{"PERCORE_PRESTART=no-such-program-x"},
		},
		"one of a further program": {
			environ: []string{"PERCORE_PROGRAMS=mail", "PERCORE_MAIL_COMMAND=no-such-program-x"},
			command: []string{"true"}, want: []string{"PERCORE_MAIL_COMMAND=no-such-program-x"},
		},
		"a name that is another's for each": {command: []string{"/no/such/{name}"}},
		"a folder that is not there": {
			environ: []string{"PERCORE_DIRECTORY=/no/such"}, command: []string{"true"},
			want: []string{"PERCORE_DIRECTORY=/no/such", "no such file"},
		},
		"a file in its place": {
			environ: []string{"PERCORE_DIRECTORY=" + file}, command: []string{"true"},
			want: []string{"not a directory"},
		},
		"a user": {
			environ: []string{"PERCORE_USER=no-such-user"}, command: []string{"true"},
			want: []string{"PERCORE_USER=no-such-user"},
		},
		"two users": {
			environ: []string{"PERCORE_USER=no-such-user", "PERCORE_FRONT_USER=nor-this"}, command: []string{"true"},
			want: []string{"no-such-user", "nor-this", "2 problems"},
		},
		"a log file": {
			environ: []string{"PERCORE_STDERR_LOGFILE=/no/such/x.log"}, command: []string{"true"},
			want: []string{"PERCORE_STDERR_LOGFILE=/no/such/x.log", "no such file"},
		},
		"a folder for bodies": {
			environ: []string{"PERCORE_CLIENT_BODY_TEMP_PATH=/no/such"}, command: []string{"true"},
			want: []string{"1 problem ", "PERCORE_CLIENT_BODY_TEMP_PATH=/no/such", "no such file", "unset the variable"},
		},
		"a folder for bodies where there is nothing to run": {
			environ: []string{"PERCORE_CLIENT_BODY_TEMP_PATH=/no/such"},
			want:    []string{"2 problems", "PERCORE_CLIENT_BODY_TEMP_PATH=/no/such", "no such file", "no command"},
		},
		"memory for bodies": {environ: []string{"PERCORE_CLIENT_BODY_TEMP_PATH=memory"}, command: []string{"true"}},
		"a folder for bodies that there are not": {
			environ: []string{"PERCORE_CLIENT_BODY_TEMP_PATH=/no/such", "PERCORE_MODE=none"}, command: []string{"true"},
		},
		"an address that is taken": {
			environ: []string{"PERCORE_LISTEN=127.0.0.1:" + port}, command: []string{"true"},
			want: []string{"PERCORE_LISTEN=127.0.0.1:" + port, "address already in use"},
		},
		"an address of another machine": {
			environ: []string{"PERCORE_LISTEN=192.0.2.1:80"}, command: []string{"true"},
			want: []string{"PERCORE_LISTEN=192.0.2.1:80"},
		},
		"a worker's port that is taken": {
			environ: []string{"PERCORE_PORTS_FROM=" + port}, command: []string{"true"},
			want: []string{"worker 0 cannot listen on port " + port},
		},
		"a port that no program will use": {
			environ: []string{"PERCORE_PORTS_FROM=" + port, "PERCORE_MODE=none"}, command: []string{"true"},
		},
		"all of it at once": {
			environ: []string{
				"PERCORE_WORKRES=1", "PERCORE_STARTSECS=x", "PERCORE_LISTEN=127.0.0.1:" + port,
				"PERCORE_DIRECTORY=/no/such", "PERCORE_USER=no-such-user",
			},
			command: []string{"true"},
			want:    []string{"5 problems", "PERCORE_WORKRES", "PERCORE_STARTSECS", "PERCORE_LISTEN", "PERCORE_DIRECTORY", "PERCORE_USER"},
		},
		"mode init has a command alone": {
			environ: []string{"PERCORE_MODE=init"}, command: []string{"no-such-program-x"},
			want: []string{"1 problem ", "no-such-program-x"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			environ := environment.Overlay(aloneIn(t), c.environ)
			got := checkWith(environ, append([]string{"--"}, c.command...)...)
			if wantCode := min(2, 2*len(c.want)); got.code != wantCode {
				t.Errorf("got code %d and %s, want %d", got.code, got.stderr, wantCode)
			}
			for _, want := range c.want {
				if !strings.Contains(got.stderr, want) {
					t.Errorf("got %s, want %q in it", got.stderr, want)
				}
			}
			if got := checkWith(environ, append([]string{"--values", "--"}, c.command...)...); name != "all of it at once" && got.code != 0 {
				t.Errorf("--values: got code %d and %s, want 0", got.code, got.stderr)
			}
		})
	}
}

func TestCheckAsAnotherUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: takes root")
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "program")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	closed := filepath.Join(dir, "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	letAllPass(t, dir)
	for name, c := range map[string]struct{ environ, want string }{
		"a program of root's": {"PERCORE_USER=65534:65534", "cannot be executed by 65534: permission denied"},
		"a folder of root's":  {"PERCORE_DIRECTORY=" + closed, "cannot be entered by 65534: permission denied"},
		"bodies in one": {
			"PERCORE_CLIENT_BODY_TEMP_PATH=" + closed, "cannot be written by 65533, the front door's user: permission denied",
		},
	} {
		got := checkWith(aloneIn(t, "PERCORE_USER=65534:65534", c.environ), program)
		got.stderr = strings.ReplaceAll(got.stderr, "by nobody", "by 65534")
		if got.code != 2 || !strings.Contains(got.stderr, c.want) {
			t.Errorf("%s: got code %d and %s, want %q", name, got.code, got.stderr, c.want)
		}
	}
}

// A start makes a unix socket with the rights of its folder's owner, so check must not find by root's that all is
// well.
func TestCheckTriesASocketAsItsFoldersOwner(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: takes root")
	}
	dir := t.TempDir()
	secret, theirs := filepath.Join(dir, "secret"), filepath.Join(dir, "theirs")
	for _, folder := range []string{secret, theirs} {
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Symlink(secret, filepath.Join(theirs, "run")), os.Chown(theirs, 12345, 12345)); err != nil {
		t.Fatal(err)
	}
	letAllPass(t, dir)
	for folder, want := range map[string]int{theirs: 0, filepath.Join(theirs, "run"): 2} {
		got := checkWith(environment.Overlay(aloneIn(t), []string{"PERCORE_LISTEN=unix:" + filepath.Join(folder, "web.sock")}), "true")
		if got.code != want || want == 2 && !strings.Contains(got.stderr, "permission denied") {
			t.Errorf("%s: got code %d and %s, want %d", folder, got.code, got.stderr, want)
		}
	}
	if list, _ := os.ReadDir(theirs); len(list) != 1 {
		t.Errorf("got %v left, want the link alone", list)
	}
}

// What is said of a place for bodies is said of the user that there is, and of none that is wrong itself.
func TestCheckTriesTheFolderForBodiesAsTheFrontDoor(t *testing.T) {
	environ := aloneIn(t, "PERCORE_CLIENT_BODY_TEMP_PATH=/no/such", "PERCORE_FRONT_USER=no-such-user")
	if got := checkWith(environ, "true"); got.code != 2 || strings.Contains(got.stderr, "TEMP_PATH") {
		t.Errorf("without that user: got code %d and %s, want the user alone", got.code, got.stderr)
	}
	got := checkWith(aloneIn(t), "true")
	_, line, _ := strings.Cut(got.stdout, "PERCORE_CLIENT_BODY_TEMP_PATH")
	line, _, _ = strings.Cut(line, "\n")
	if got.code != 0 || !strings.Contains(line, "detected") || !strings.Contains(line, "/tmp can") {
		t.Errorf("by default: got code %d and %q, want what was found of /tmp", got.code, line)
	}
}

func TestCheckLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	letAllPass(t, dir)
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	environ := environment.Overlay(aloneIn(t), []string{
		"PERCORE_LISTEN=unix:" + filepath.Join(dir, "web.sock"), "PERCORE_STDOUT_LOGFILE=" + filepath.Join(dir, "out.log"),
		"PERCORE_CLIENT_BODY_TEMP_PATH=" + dir,
	})
	if got := checkWith(environ, "true"); got.code != 0 {
		t.Fatalf("got code %d and %s", got.code, got.stderr)
	}
	if list, _ := os.ReadDir(dir); len(list) > 0 {
		t.Errorf("got %v, want nothing", list)
	}
}

func TestCheckAsJSON(t *testing.T) {
	var v struct {
		OK       bool
		Problems []struct{ Name, Value, What, Mend string }
		Warnings []struct{ Name string }
		Settings []struct{ Name, Value, Source string }
	}
	got := checkWith(aloneIn(t, "PERCORE_EXITCODES=2"), "--json", "true")
	if err := json.Unmarshal([]byte(got.stdout), &v); err != nil || got.code != 0 || got.stderr != "" {
		t.Fatalf("got code %d, %v and %s%s", got.code, err, got.stdout, got.stderr)
	}
	if !v.OK || len(v.Problems) != 0 || len(v.Warnings) != 1 || len(v.Settings) < 20 || v.Settings[0].Source == "" {
		t.Errorf("got %+v", v)
	}
	got = checkWith(aloneIn(t, "PERCORE_WORKRES=2"), "--json", "no-such-program-x")
	if err := json.Unmarshal([]byte(got.stdout), &v); err != nil || got.code != 2 || v.OK || len(v.Problems) != 2 || v.Problems[1].Value != "no-such-program-x" {
		t.Errorf("got code %d, %v and %s%s", got.code, err, got.stdout, got.stderr)
	}
}

func TestCheckReadsAnEnvFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "env")
	if err := os.WriteFile(file, []byte("\ufeffPERCORE_QUEUE_SIZE=7\n# x\nPERCORE_WORKRES=1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, option := range [][]string{{"--env-file", file}, {"--env-file=" + file}} {
		got := checkWith(aloneIn(t), append(option, "true")...)
		if got.code != 2 || !strings.Contains(got.stderr, "1 problem ") || !strings.Contains(got.stderr, "PERCORE_WORKRES") {
			t.Errorf("%q: got code %d and %s, want the problem of the file", option, got.code, got.stderr)
		}
	}
	for want, args := range map[string][]string{"--env-file takes": {"--env-file"}, "no such file": {"--env-file=/no/such", "true"}} {
		if got := checkWith(aloneIn(t), args...); got.code != 2 || !strings.Contains(got.stderr, want) {
			t.Errorf("%q: got code %d and %s, want %q", args, got.code, got.stderr, want)
		}
	}
}

func TestWhatTheRunningPercoreHoldsIsNoFault(t *testing.T) {
	var listen value.Listen
	if err := listen.UnmarshalText([]byte("127.0.0.1:8080,:81,unix:/run/x")); err != nil {
		t.Fatal(err)
	}
	h := holdings{addresses: listen}
	for text, want := range map[string]bool{
		"127.0.0.1:8080": true, ":8080": true, "[::]:8080": true, "10.0.0.1:8080": false, "10.0.0.1:81": true,
		":82": false, "unix:/run/x": true, "unix:/run/y": false,
	} {
		var one value.Listen
		if err := one.UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if got := h.listens(one[0]); got != want {
			t.Errorf("%s: got %t, want %t", text, got, want)
		}
	}
}
