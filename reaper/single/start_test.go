package single

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"percore/reaper"
	"percore/reaper/entry"
)

// runnerOf is a runner of a command that has not been started; what it says is in the buffer.
func runnerOf(o Options) (*runner, *bytes.Buffer) {
	said := new(bytes.Buffer)
	o.Stderr = said
	if o.Args == nil {
		o.Args = []string{"/bin/true"}
	}
	return &runner{Options: o}, said
}

func TestAStartIsTriedAgainWhereThatMayHelp(t *testing.T) {
	passing := &reaper.SpawnError{Op: "exec", Path: "/bin/x", Err: syscall.EAGAIN}
	for name, c := range map[string]struct {
		answers []error
		tries   int
		said    string
	}{
		"at once":                  {[]error{nil}, 1, ""},
		"a moment later":           {[]error{passing, passing, nil}, 3, "percore: exec /bin/x: resource temporarily unavailable - trying again\n"},
		"what stays as it is":      {[]error{&reaper.SpawnError{Op: "exec", Path: "/bin/x", Err: syscall.ENOENT}}, 1, ""},
		"what is no start's error": {[]error{syscall.EAGAIN}, 1, ""},
		"another reason after all": {[]error{passing, syscall.EPERM}, 2, "percore: exec /bin/x: resource temporarily unavailable - trying again\n"},
	} {
		tries, said := 0, new(bytes.Buffer)
		err := insist(said, func() error { tries++; return c.answers[tries-1] })
		if want := c.answers[len(c.answers)-1]; !errors.Is(err, want) || tries != c.tries || said.String() != c.said {
			t.Errorf("%s: got %v after %d tries and %q, want %v after %d and %q", name, err, tries, said, want, c.tries, c.said)
		}
	}
}

func TestAnEndThatNeverBeganHasTheShellsCode(t *testing.T) {
	for code, err := range map[int]error{
		127:          &reaper.SpawnError{Op: "find", Path: "x", Err: syscall.ENOENT},
		126:          fmt.Errorf("start: %w", &reaper.SpawnError{Op: "exec", Path: "x", Err: syscall.EACCES}),
		codeInternal: os.NewSyscallError("prctl", syscall.EINVAL),
	} {
		if got := exitCode(err); got != code {
			t.Errorf("%v: got code %d, want %d", err, got, code)
		}
	}
}

func TestTheChildGetsWhatWasInherited(t *testing.T) {
	r, _ := runnerOf(Options{
		Args: []string{"cmd", "a b"}, Pdeathsig: syscall.SIGKILL,
		Inherited: entry.Inherited{Environ: []string{"A=1", "A=2"}, Closed: [3]bool{true, false, true}},
	})
	spec := r.spec()
	if spec.Path != "cmd" || !slices.Equal(spec.Args, []string{"cmd", "a b"}) ||
		!slices.Equal(spec.Env, []string{"A=1", "A=2"}) || spec.Pdeathsig != syscall.SIGKILL {
		t.Errorf("got %+v, want the command and its environment as they are", spec)
	}
	if spec.Files[0] != nil || spec.Files[1] != os.Stdout || spec.Files[2] != nil {
		t.Errorf("descriptors: got %v, want those closed that percore found closed", spec.Files)
	}
}

func TestTheShimIsThereForWhatNothingElseCanDo(t *testing.T) {
	listen := fmt.Sprintf("LISTEN_PID=%d", os.Getpid())
	for name, c := range map[string]struct {
		inherited entry.Inherited
		want      bool
	}{
		"nothing odd":                 {entry.Inherited{Environ: []string{"A=1"}}, false},
		"sockets for percore":         {entry.Inherited{Environ: []string{"A=1", listen}}, true},
		"sockets for another process": {entry.Inherited{Environ: []string{listen + "0"}}, false},
		"HUP ignored, as by nohup":    {entry.Inherited{Ignored: bit(syscall.SIGHUP)}, false},
		"CHLD ignored":                {entry.Inherited{Ignored: bit(syscall.SIGCHLD)}, true},
		"a fault ignored":             {entry.Inherited{Ignored: bit(syscall.SIGSEGV)}, true},
		"a mask":                      {entry.Inherited{Mask: bit(syscall.SIGTERM)}, false},
	} {
		r, _ := runnerOf(Options{Inherited: c.inherited, ShimEntry: "X="})
		if got := r.needsShim(); got != c.want {
			t.Errorf("%s: got the shim: %v, want %v", name, got, c.want)
			continue
		}
		spec := r.spec()
		if isShim := spec.Path == shimPath; isShim != c.want {
			t.Errorf("%s: got %s, want the shim: %v", name, spec.Path, c.want)
		}
		if c.want && (!strings.HasPrefix(spec.Env[len(spec.Env)-1], "X=") || spec.Args[len(spec.Args)-1] != "/bin/true") {
			t.Errorf("%s: got %q in %q, want the state last, and the command", name, spec.Args, spec.Env)
		}
		if len(r.Inherited.Environ) != len(c.inherited.Environ) {
			t.Errorf("%s: got what was inherited changed", name)
		}
	}
}

func TestTheStateComesThroughToTheShim(t *testing.T) {
	for _, in := range []entry.Inherited{{}, {Mask: 1, Ignored: bit(64)}, {Mask: allSignals, Ignored: neverNotified()}} {
		r, _ := runnerOf(Options{Inherited: in})
		mask, ignored, err := parseState(r.shimEntry())
		if mask != in.Mask || ignored != in.Ignored || err != nil {
			t.Errorf("got %x, %x and %v, want %x and %x", mask, ignored, err, in.Mask, in.Ignored)
		}
	}
}

func TestTheNumberBesideLISTENPIDIsCorrected(t *testing.T) {
	id, err := pidfdID(os.Getpid())
	if err != nil {
		t.Skip("SKIPPED: no pidfd here:", err)
	}
	environ := []string{"A=1", "LISTEN_PIDFDID=1", "B=2"}
	correctPIDFDID(environ)
	if want := fmt.Sprintf("A=1 LISTEN_PIDFDID=%d B=2", id); strings.Join(environ, " ") != want {
		t.Errorf("got %q, want %q", environ, want)
	}
	without := []string{"A=1"}
	correctPIDFDID(without)
	if !slices.Equal(without, []string{"A=1"}) {
		t.Errorf("got %q, want nothing added", without)
	}
}

func TestASignalThatCannotBeSentIsToldOnce(t *testing.T) {
	r, said := runnerOf(Options{})
	for _, err := range []error{nil, syscall.ESRCH, syscall.EPERM, syscall.EPERM} {
		r.complain(err)
	}
	if want := "percore: a signal did not reach the child: kill: operation not permitted\n"; said.String() != want {
		t.Errorf("got %q, want %q", said, want)
	}
}

func TestTheTimeToLeaveCountsFromTheFirstRecentRequest(t *testing.T) {
	r, _ := runnerOf(Options{StopTimeout: time.Second})
	now := time.Now()
	if got := r.leaving(now); got != now {
		t.Errorf("without a request: got %v, want from now on", got)
	}
	r.left = now.Add(-900 * time.Millisecond)
	if got := r.leaving(now); got != r.left {
		t.Errorf("a recent one: got %v, want from then on", got)
	}
	r.left = now.Add(-1100 * time.Millisecond)
	if got := r.leaving(now); got != now {
		t.Errorf("one long ago: got %v, want from now on", got)
	}
}
