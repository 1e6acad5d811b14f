package ctl_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"percore/entrypoint/control"
	"percore/entrypoint/control/ctl"
	"percore/entrypoint/control/handler"
	"percore/reaper/fleet"
	"percore/reaper/lifecycle"
)

// recordings are what the real supervisorctl printed; e2e/supervisorctl made them, and holds a percore with real
// processes against them.
const recordings = "../../../e2e/supervisorctl/testdata/"

// sleepers are a fleet of two whose processes are made up: it obeys at once, as supervisord's did.
type sleepers struct {
	workers  []fleet.WorkerStatus
	stopping bool
	written  map[string]string // by stream
}

func newSleepers(state lifecycle.State, complaint string) *sleepers {
	f := &sleepers{written: map[string]string{}}
	for i, name := range []string{"tornado-8000", "tornado-8001"} {
		f.workers = append(f.workers, fleet.WorkerStatus{
			Process: "tornadoes:" + name, Group: "tornadoes", Name: name, Program: "tornado", Priority: 999,
			Endpoint: i, Complaint: complaint,
		})
		f.set(&f.workers[i], state)
	}
	return f
}

// set puts a worker into a state.
func (f *sleepers) set(w *fleet.WorkerStatus, state lifecycle.State) {
	w.State, w.PID, w.Started = state, 0, time.Time{}
	if state == lifecycle.StateRunning {
		w.PID, w.Started = 4000+w.Endpoint, time.Now()
	}
	w.LastAt = time.Now()
}

// do obeys, by supervisord's rules of what a verb finds.
func (f *sleepers) do(_ context.Context, o fleet.Order, progress func(fleet.Outcome)) error {
	for i := range f.workers {
		w := &f.workers[i]
		if !slices.Contains(o.Processes, w.Process) {
			continue
		}
		up := w.State.IsRunning()
		tell := func(done string, err error) { progress(fleet.Outcome{Process: w.Process, Done: done, Err: err}) }
		switch {
		case o.Verb == fleet.Start && up:
			tell("started", fleet.ErrAlreadyStarted)
		case o.Verb != fleet.Start && !up:
			tell("", fleet.ErrNotRunning)
		case o.Verb == fleet.Signal:
			tell("signalled", nil)
		case o.Verb == fleet.Stop:
			f.set(w, lifecycle.StateStopped)
			tell("stopped", nil)
		case o.Verb == fleet.Restart:
			tell("stopped", nil)
			tell("started", nil)
		default:
			f.set(w, lifecycle.StateRunning)
			tell("started", nil)
		}
	}
	return nil
}

// handler answers for f as PID 1 does. Nothing is ever to be configured anew.
func (f *sleepers) handler() *handler.Handler {
	return &handler.Handler{
		Fleet: handler.Fleet{
			Status:    func() []fleet.WorkerStatus { return slices.Clone(f.workers) },
			Condition: func() fleet.Condition { return fleet.Condition{Stopping: f.stopping} },
			Do:        f.do, Clear: func(string) error { return nil },
			LogPath: func(string, string) string { return "" },
			Tail: func(_, stream string, from int64, bytesMax int) ([]byte, int64, <-chan struct{}, bool) {
				text := f.written[stream]
				text = text[max(0, int64(len(text))+from):]
				return []byte(text[:min(len(text), bytesMax)]), 0, nil, true
			},
		},
		Shutdown: func(string) { f.stopping = true },
		Configure: func(context.Context, control.Request, func(control.Frame) error) (int, error) {
			return control.CodeOK, nil
		},
	}
}

// serveSleepers is a socket behind which f answers.
func serveSleepers(t *testing.T, f *sleepers) control.Place {
	t.Helper()
	place := control.Place(filepath.Join(t.TempDir(), "s"))
	listener, err := control.Listen(place)
	if err != nil {
		t.Fatal(err)
	}
	server := control.NewServer(listener, f.handler().Answer, slog.New(slog.DiscardHandler))
	ended := make(chan struct{})
	go func() { defer close(ended); _ = server.Run() }()
	t.Cleanup(func() { server.Close(); <-ended })
	return place
}

// varying is what differs between two runs, as the recordings write it.
var varying = []struct {
	pattern *regexp.Regexp
	name    string
}{
	{regexp.MustCompile(`pid \d+, uptime \d:\d\d:\d\d`), "pid N, uptime H:MM:SS"},
	{regexp.MustCompile(`[A-Z][a-z]{2} \d\d \d\d:\d\d [AP]M`), "Mon DD HH:MM AM"},
	{regexp.MustCompile(`(?m)^[1-9]\d*$`), "N"},
}

// run is what `supervisorctl ARGS` prints and exits with, in the recordings' terms.
func runSupervisorctl(place control.Place, input string, args ...string) string {
	var out bytes.Buffer
	tool := &ctl.Tool{Out: &out, Err: &out, In: strings.NewReader(input), Place: place, Proc: os.DirFS("/proc")}
	code := tool.Supervisorctl(args)
	text := strings.ReplaceAll(out.String(), string(place), "SOCKET")
	for _, v := range varying {
		text = v.pattern.ReplaceAllString(text, v.name)
	}
	return fmt.Sprintf("%s[%d]\n", text, code)
}

func TestEveryLineIsTheRealSupervisorctls(t *testing.T) {
	talkers := newSleepers(lifecycle.StateRunning, "")
	talkers.written = map[string]string{"stdout": "to stdout\n", "stderr": "to stderr\n"}
	for name, f := range map[string]*sleepers{
		"two-sleepers": newSleepers(lifecycle.StateRunning, ""), "talkers": talkers,
		"crash-at-once": newSleepers(lifecycle.StateBackoff, "Exited too quickly (process log may have details)"), "nobody": nil,
	} {
		t.Run(name, func(t *testing.T) {
			place := control.Place(filepath.Join(t.TempDir(), "s"))
			if f != nil {
				place = serveSleepers(t, f)
			}
			text, err := os.ReadFile(recordings + name + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			commands := strings.Split(string(text), "$ supervisorctl ")[1:]
			if len(commands) == 0 {
				t.Fatal("the recording has no command")
			}
			for _, recorded := range commands {
				line, want, _ := strings.Cut(recorded, "\n")
				if got := runSupervisorctl(place, "", strings.Fields(line)...); got != want {
					t.Errorf("%s: got\n%s\nwant\n%s", line, got, want)
				}
			}
		})
	}
}

func TestThePromptIsTheRealOne(t *testing.T) {
	place := serveSleepers(t, newSleepers(lifecycle.StateRunning, ""))
	for name, input := range map[string]string{"prompt-quit": "pid nope\n\nquit\n", "prompt-end": "version\n"} {
		want, err := os.ReadFile(recordings + name + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		if got := runSupervisorctl(place, input); got != string(want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
	}
}

// The same commands by percore's own name say more, but none of supervisorctl's lines is lost.
func TestPercoresOwnCommandLineSaysNoLess(t *testing.T) {
	for _, line := range []string{"status", "status nope", "stop tornadoes:tornado-8000", "stop tornadoes:tornado-8000", "start nope:*", "signal CONT all", "pid all", "avail"} {
		strict, own := newSleepers(lifecycle.StateRunning, ""), newSleepers(lifecycle.StateRunning, "")
		want := runSupervisorctl(serveSleepers(t, strict), "", strings.Fields(line)...)
		var out bytes.Buffer
		tool := &ctl.Tool{Out: &out, Place: serveSleepers(t, own), Proc: os.DirFS("/proc")}
		code := tool.Run(strings.Fields(line))
		text := out.String()
		for _, v := range varying {
			text = v.pattern.ReplaceAllString(text, v.name)
		}
		wanted := strings.Split(want, "\n")
		for _, one := range wanted[:max(0, len(wanted)-2)] {
			if !strings.Contains(text, one) {
				t.Errorf("%s: got %q, want %q in it", line, text, one)
			}
		}
		if !strings.HasSuffix(want, fmt.Sprintf("[%d]\n", code)) {
			t.Errorf("%s: got code %d, want the one of\n%s", line, code, want)
		}
	}
}
