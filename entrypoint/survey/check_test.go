package survey

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"

	"percore/entrypoint/config"
	"percore/entrypoint/config/environment"
	"percore/entrypoint/self"
)

func configOf(t *testing.T, environ ...string) *config.Config {
	t.Helper()
	cfg, _, err := config.Load(environ, os.Getuid())
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestTheWordsOfACheck(t *testing.T) {
	for line, want := range map[string]checkOptions{
		"":                                {},
		"true":                            {command: []string{"true"}},
		"--json true --json":              {json: true, command: []string{"true", "--json"}},
		"--values --json":                 {json: true, values: true},
		"-- --json":                       {command: []string{"--json"}},
		"--json -- check":                 {json: true, command: []string{"check"}},
		"--env-file a --env-file=b true":  {files: []string{"a", "b"}, command: []string{"true"}},
		"--env-file --json --values true": {files: []string{"--json"}, values: true, command: []string{"true"}},
		"--env-file=":                     {files: []string{""}},
	} {
		got, err := parseCheck(strings.Fields(line))
		if len(got.command) == 0 {
			got.command = nil
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %+v and %v, want %+v", line, got, err, want)
		}
	}
	if _, err := parseCheck([]string{"--json", "--env-file"}); err == nil {
		t.Error("--env-file without a file: got no error")
	}
}

func TestWarningsAreNoFault(t *testing.T) {
	got := checkWith(aloneIn(t, "PERCORE_EXITCODES=2"), "--values", "true")
	if got.code != 0 || !strings.HasPrefix(got.stderr, "percore: warning: PERCORE_EXITCODES") || !strings.Contains(got.stdout, "PERCORE_WORKERS") {
		t.Errorf("got code %d, %q and %q, want a warning beside the values", got.code, got.stdout, got.stderr)
	}
	got = checkWith(aloneIn(t, "PERCORE_WORKRES=2"), "--values", "true")
	if got.code != 2 || got.stdout != "" {
		t.Errorf("with a fault: got code %d and %q on stdout, want no values", got.code, got.stdout)
	}
}

// full is a stdout that takes nothing.
type full struct{ err error }

// Write fails.
func (f full) Write([]byte) (int, error) { return 0, f.err }

func TestAnOutputThatTakesNothing(t *testing.T) {
	for _, args := range [][]string{{"check", "--values", "true"}, {"check", "--values", "--json", "true"}} {
		for err, want := range map[error]int{errors.New("disk full"): self.ExitInternal, &os.PathError{Op: "write", Err: syscall.EPIPE}: self.ExitOK} {
			var stderr bytes.Buffer
			code := Check(self.Invocation{Args: args, Environ: aloneIn(t), Stdout: full{err}, Stderr: &stderr})
			if code != want || (stderr.Len() > 0) != (want != 0) {
				t.Errorf("%q, %v: got code %d and %q, want %d", args, err, code, stderr.String(), want)
			}
		}
	}
}

// problemsOf are what a survey finds, as NAME=VALUE WHAT.
func problemsOf(t *testing.T, known []config.Problem, environ ...string) (list []string) {
	t.Helper()
	environ = environment.Overlay(aloneIn(t), environ)
	cfg, _, _, err := config.Examine(environ, nil, os.Getuid())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range survey(self.Invocation{Environ: environ}, cfg, known) {
		list = append(list, fmt.Sprintf("%s=%s %s", p.Name, p.Value, p.What))
	}
	return list
}

func TestOneFaultOfAVariableIsEnough(t *testing.T) {
	environ := []string{"PERCORE_COMMAND=no-such-program-x", "PERCORE_DIRECTORY=/no/such"}
	if got := problemsOf(t, nil, environ...); len(got) != 1 || !strings.HasPrefix(got[0], "PERCORE_DIRECTORY=/no/such cannot be entered") {
		t.Errorf("got %q, want the folder alone: where the program is depends on it", got)
	}
	if got := problemsOf(t, []config.Problem{{Name: "PERCORE_DIRECTORY"}}, environ...); len(got) != 0 {
		t.Errorf("where something is wrong with it already: got %q", got)
	}
	for _, known := range []string{"PERCORE_LISTEN", "PORT"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if got := problemsOf(t, []config.Problem{{Name: known}}, "PERCORE_COMMAND=true", "PERCORE_LISTEN="+l.Addr().String()); len(got) != 0 {
			t.Errorf("%s is wrong already: got %q", known, got)
		}
		l.Close()
	}
}

func TestWhatAPlanFindsIsNamedByItsVariable(t *testing.T) {
	for name, c := range map[string]struct {
		environ []string
		want    []string
	}{
		"no command": {[]string{"PERCORE_COMMAND="}, []string{"PERCORE_COMMAND= no command"}},
		"further programs answer nothing": {
			[]string{"PERCORE_COMMAND=", "PERCORE_PROGRAMS=a", "PERCORE_A_COMMAND=true"},
			[]string{"PERCORE_COMMAND= no command"},
		},
		"further programs alone": {
			[]string{"PERCORE_COMMAND=", "PERCORE_MODE=none", "PERCORE_PROGRAMS=a", "PERCORE_A_COMMAND=true"}, nil,
		},
		"a program of theirs": {
			[]string{"PERCORE_COMMAND=true", "PERCORE_PROGRAMS=a", "PERCORE_A_COMMAND=no-such-x"},
			[]string{"PERCORE_A_COMMAND=no-such-x there is no such program"},
		},
		"a folder of theirs": {
			[]string{"PERCORE_COMMAND=true", "PERCORE_PROGRAMS=a", "PERCORE_A_COMMAND=true", "PERCORE_A_DIRECTORY=/no/such"},
			[]string{"PERCORE_A_DIRECTORY=/no/such cannot be entered: no such file or directory"},
		},
		"a log file of theirs": {
			[]string{"PERCORE_COMMAND=true", "PERCORE_PROGRAMS=a", "PERCORE_A_COMMAND=true", "PERCORE_A_STDOUT_LOGFILE=/no/such/x"},
			[]string{"PERCORE_A_STDOUT_LOGFILE=/no/such/x"},
		},
		"sockets instead of ports": {[]string{"PERCORE_COMMAND=true", "PERCORE_BIND=unix"}, nil},
		"what runs before all": {
			[]string{"PERCORE_COMMAND=true", "PERCORE_PRESTART=no-such-x --all"},
			[]string{"PERCORE_PRESTART=no-such-x there is no such program"},
		},
		"a program that each worker names": {[]string{"PERCORE_COMMAND=/no/such/{index}"}, nil},
		"a port of the second worker alone": {
			[]string{"PERCORE_COMMAND=true", "PERCORE_WORKERS=1", fmt.Sprintf("PERCORE_PORTS_FROM=%d", takenBehindFree(t)-1)},
			nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := problemsOf(t, nil, c.environ...)
			if len(got) != len(c.want) {
				t.Fatalf("got %q, want %q", got, c.want)
			}
			for i, want := range c.want {
				if !strings.HasPrefix(got[i], want) {
					t.Errorf("got %q, want %q", got[i], want)
				}
			}
		})
	}
}

func TestAFolderCanBeEntered(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{dir: nil, file: syscall.ENOTDIR, filepath.Join(dir, "none"): syscall.ENOENT, filepath.Join(file, "below"): syscall.ENOTDIR} {
		if err := enter(path); !errors.Is(err, want) || err != nil && err.Error() != want.Error() {
			t.Errorf("%s: got %v, want %v without its name, which is said anyway", path, err, want)
		}
	}
	if os.Getuid() == 0 {
		return // who may enter all
	}
	closed := filepath.Join(dir, "closed")
	if err := os.Mkdir(closed, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := enter(closed); !errors.Is(err, syscall.EACCES) {
		t.Errorf("a folder without x: got %v, want that it is denied", err)
	}
}

func TestACauseIsWithoutItsContext(t *testing.T) {
	for err, want := range map[error]string{
		&net.OpError{Op: "listen", Err: os.NewSyscallError("bind", syscall.EADDRINUSE)}: "address already in use",
		errors.New("something else"): "something else",
	} {
		if got := causeOf(err); got != want {
			t.Errorf("%v: got %q, want %q", err, got, want)
		}
	}
}

// A check opens what a start would, and everything is as before when it is over.
func TestASurveyHoldsNothing(t *testing.T) {
	environ := aloneIn(t, "PERCORE_COMMAND=true", "PERCORE_WORKERS=3")
	before := descriptors(t)
	for range 3 {
		cfg, _, problems, err := config.Examine(environ, nil, os.Getuid())
		if err != nil || len(problems) > 0 {
			t.Fatalf("got %v and %v", problems, err)
		}
		survey(self.Invocation{Environ: environ}, cfg, nil)
	}
	if after := descriptors(t); !slices.Equal(before, after) {
		t.Errorf("got descriptors %q, want %q as before", after, before)
	}
}

// descriptors are what this process has open, but for what lists them.
func descriptors(t *testing.T) (list []string) {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("SKIPPED: no /proc:", err)
	}
	for _, entry := range entries {
		if target, err := os.Readlink("/proc/self/fd/" + entry.Name()); err == nil &&
			!strings.HasPrefix(target, "/proc/") && !strings.HasPrefix(target, "anon_inode:") {
			list = append(list, target)
		}
	}
	return list
}
