package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"percore/entrypoint/self"
)

// played is what an invocation left behind.
type played struct {
	code           int
	stdout, stderr string
}

// playWith runs a role that ends by itself.
func playWith(environ []string, args ...string) played {
	var stdout, stderr bytes.Buffer
	code := play(self.Invocation{Version: version, Args: args, Environ: environ, Stdout: &stdout, Stderr: &stderr, Signals: make(chan os.Signal)})
	return played{code, stdout.String(), stderr.String()}
}

func TestWordsThatEndByThemselves(t *testing.T) {
	for name, c := range map[string]struct {
		environ, args  []string
		code           int
		stdout, stderr string // parts of what is printed
	}{
		"version names the program":              {args: []string{"version"}, stdout: "percore dev"},
		"help lists the words":                   {args: []string{"--help"}, stdout: "percore check"},
		"env prints every variable":              {args: []string{"env"}, stdout: "PERCORE_WORKERS"},
		"env in markdown is the page":            {args: []string{"env", "--markdown"}, stdout: "|"},
		"env refuses an option it does not have": {args: []string{"env", "--yaml"}, code: 2, stderr: `no option "--yaml"`},
		"a word of a later version is not run":   {args: []string{"doctor"}, code: 2, stderr: "percore -- doctor"},
		"no command at all":                      {code: 2, stderr: "no command"},
		"two dashes and nothing behind":          {args: []string{"--"}, code: 2, stderr: "no command"},
		"a misspelt variable": {
			environ: []string{"PERCORE_WORKRES=2"}, args: []string{"true"}, code: 2, stderr: "PERCORE_WORKERS",
		},
		"a user that does not exist": {
			environ: []string{"PERCORE_USER=nobody-like-this"}, args: []string{"true"}, code: 2,
			stderr: "PERCORE_USER=nobody-like-this",
		},
		"ports beyond the last": {
			environ: []string{"PERCORE_PORTS_FROM=65535", "PERCORE_WORKERS=2"}, args: []string{"true"}, code: 2,
			stderr: "65536",
		},
		"check prints what would hold": {
			environ: []string{"PERCORE_WORKERS=3"}, args: []string{"check", "true"}, stdout: "PERCORE_WORKERS",
		},
		"check needs a command like a start":    {args: []string{"check"}, code: 2, stderr: "no command"},
		"check takes the command behind dashes": {args: []string{"check", "--values", "--", "check"}, stdout: "check"},
		"an unknown name may be a warning": {
			environ: []string{"PERCORE_STRICT=false", "PERCORE_FOO=1"}, args: []string{"check", "true"},
			stderr: "PERCORE_FOO",
		},
		"the demo worker listens on ports alone": {
			environ: []string{"PERCORE_BIND=unix"}, args: []string{"demo"}, code: 2, stderr: "PERCORE_BIND=unix",
		},
		"the demo worker's role is not for people": {
			environ: []string{"PERCORE_ROLE=demo-worker"}, args: []string{"demo-worker"}, code: 2,
			stderr: "percore demo",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := playWith(c.environ, c.args...)
			if got.code != c.code {
				t.Errorf("exit code: got %d, want %d; stderr: %s", got.code, c.code, got.stderr)
			}
			if !strings.Contains(got.stdout, c.stdout) {
				t.Errorf("stdout: got %q, want it to have %q", got.stdout, c.stdout)
			}
			if !strings.Contains(got.stderr, c.stderr) {
				t.Errorf("stderr: got %q, want it to have %q", got.stderr, c.stderr)
			}
		})
	}
}

func TestEnvAsJSONIsJSON(t *testing.T) {
	got := playWith(nil, "env", "--json")
	var anything any
	if err := json.Unmarshal([]byte(got.stdout), &anything); err != nil {
		t.Errorf("env --json: got %v, want valid JSON", err)
	}
}

func TestAPortInUseIsExplained(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got := playWith([]string{"PERCORE_LISTEN=" + l.Addr().String()}, "true")
	if got.code != self.ExitConfig || !strings.Contains(got.stderr, "PERCORE_LISTEN") || !strings.Contains(got.stderr, "in use") {
		t.Errorf("port in use: got code %d and %q, want %d, the reason and what to do", got.code, got.stderr, self.ExitConfig)
	}
}

func TestEveryListenErrorHasAdvice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "no", "such", "folder")
	for _, listen := range []string{"192.0.2.1:8080", "unix:" + path} {
		got := playWith([]string{"PERCORE_LISTEN=" + listen}, "true")
		if got.code != self.ExitConfig || !strings.Contains(got.stderr, "listen "+listen) || !strings.Contains(got.stderr, "PERCORE_LISTEN") {
			t.Errorf("listen %s: got code %d and %q, want %d with the address, the reason and what to do", listen, got.code, got.stderr, self.ExitConfig)
		}
	}
}

func TestTheBinaryHasTheLicensesOfWhatIsInIt(t *testing.T) {
	var out bytes.Buffer
	if code := printVersion(self.Invocation{Args: []string{"version", "--licenses"}, Stdout: &out}); code != self.ExitOK ||
		!strings.Contains(out.String(), "Apache License") {
		t.Errorf("got code %d and %.80q, want the licenses", code, out.String())
	}
}

func TestAStartAndACheckNameWhoHasThePort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	want := fmt.Sprintf("pid %d (", os.Getpid())
	for name, c := range map[string]struct{ environ, args []string }{
		"the public port, at the start": {[]string{"PERCORE_LISTEN=127.0.0.1:" + port}, []string{"true"}},
		"the public port, before it":    {[]string{"PERCORE_LISTEN=127.0.0.1:" + port}, []string{"check", "true"}},
		"a worker's port, before the start": {
			[]string{"PERCORE_PORTS_FROM=" + port, "PERCORE_LISTEN=127.0.0.1:1"}, []string{"check", "true"},
		},
	} {
		got := playWith(append(c.environ, "PATH=/usr/bin:/bin", "PERCORE_CONTROL=off"), c.args...)
		if text := got.stdout + got.stderr; got.code != 2 || !strings.Contains(text, want) {
			t.Errorf("%s: got code %d and %q, want 2 and %q", name, got.code, text, want)
		}
	}
}

// cutOff is a stdout whose reader has gone.
type cutOff struct{}

func (cutOff) Write([]byte) (int, error) {
	return 0, &os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.EPIPE}
}

func TestABrokenPipeIsNoFault(t *testing.T) {
	for _, args := range [][]string{{"check", "--values", "true"}, {"check", "--values", "--json", "true"}, {"env"}, {"env", "--json"}, {"env", "--markdown"}, {"help"}, {"version"}, {"status", "--help"}} {
		var stdout io.Writer = cutOff{}
		var stderr strings.Builder
		code := play(self.Invocation{Args: args, Environ: []string{"PERCORE_CONTROL=off"}, Stdout: stdout, Stderr: &stderr, Signals: make(chan os.Signal)})
		if code != 0 || stderr.String() != "" {
			t.Errorf("%q: got code %d and %q, want 0 and nothing", args, code, stderr.String())
		}
	}
}
