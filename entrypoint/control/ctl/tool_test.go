package ctl_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"percore/entrypoint/control"
	"percore/entrypoint/control/ctl"
)

// script is a server that answers every request with the same frames, and keeps the requests.
type script struct {
	frames   []control.Frame
	code     int
	err      error
	requests chan control.Request
}

func (s *script) handle(_ context.Context, r control.Request, reply func(control.Frame) error) (int, error) {
	s.requests <- r
	for _, f := range s.frames {
		if err := reply(f); err != nil {
			return control.CodeGeneric, err
		}
	}
	return s.code, s.err
}

// serve runs a script until the test is over and returns a tool that talks to it, at a place of its own unless one
// is named.
func serve(t *testing.T, s *script, places ...control.Place) (tool *ctl.Tool, out *bytes.Buffer) {
	t.Helper()
	s.requests = make(chan control.Request, 10)
	place := append(places, control.Place(filepath.Join(t.TempDir(), "s")))[0]
	listener, err := control.Listen(place)
	if err != nil {
		t.Fatal(err)
	}
	server := control.NewServer(listener, s.handle, slog.New(slog.DiscardHandler))
	ended := make(chan struct{})
	go func() { defer close(ended); _ = server.Run() }()
	t.Cleanup(func() { server.Close(); <-ended })
	out = &bytes.Buffer{}
	return &ctl.Tool{Out: out, In: strings.NewReader(""), Place: place, Proc: os.DirFS("/proc")}, out
}

func someProcesses() []control.Frame {
	inFlight, requests := int64(3), uint64(1200)
	return []control.Frame{
		{Fleet: &control.Fleet{PID: 1, Version: "1.0", Why: "no worker is ready", Degraded: "roll halted", Maintenance: "restart"}},
		{Process: &control.Process{
			Group: "webs", Name: "web-8000", State: "RUNNING", Ready: true, PID: 7,
			Description: "pid 7, uptime 0:00:18",
			InFlight:    &inFlight, Requests: &requests, Oldest: 34.56, Ejected: true, Restarts: 2, RSS: 3 << 20,
			CPU: 1.5, LastEnd: "killed by SIGKILL after 3s",
		}},
		{Process: &control.Process{Group: "cron", Name: "cron", State: "STOPPED", Description: "Not started"}},
		{Outcome: &control.Outcome{Group: "nope", Fault: control.NoSuchProcess}},
	}
}

func TestStatusInEveryForm(t *testing.T) {
	for name, c := range map[string]struct {
		args   []string
		strict bool
		want   string
	}{
		"plain": {args: []string{"status"}, want: "nope: ERROR (no such process)\n" +
			"webs:web-8000                    RUNNING   pid 7, uptime 0:00:18\n" +
			"cron                             STOPPED   Not started\n" +
			"degraded: roll halted\n"},
		"as supervisorctl": {args: []string{"status"}, strict: true, want: "nope: ERROR (no such process)\n" +
			"webs:web-8000                    RUNNING   pid 7, uptime 0:00:18\n" +
			"cron                             STOPPED   Not started\n"},
		"verbose": {args: []string{"status", "-v"}, want: "nope: ERROR (no such process)\n" +
			"webs:web-8000                    RUNNING   pid 7, uptime 0:00:18\n" +
			"    ready yes, oldest request 34.6 s, avoided as it does not answer, in flight 3, requests 1200, restarts 2, rss 3.0 MB, cpu 1.50 s, last end: killed by SIGKILL after 3s\n" +
			"cron                             STOPPED   Not started\n" +
			"    ready no, restarts 0\n" +
			"percore 1.0, pid 1, not ready: no worker is ready; under way: restart; degraded: roll halted\n"},
	} {
		t.Run(name, func(t *testing.T) {
			tool, out := serve(t, &script{frames: someProcesses(), code: 3})
			tool.Strict = c.strict
			if code := tool.Run(c.args); code != 3 || out.String() != c.want {
				t.Errorf("got code %d and\n%s\nwant 3 and\n%s", code, out, c.want)
			}
		})
	}
}

func TestStatusAsJSON(t *testing.T) {
	tool, out := serve(t, &script{frames: someProcesses(), code: 4})
	code := tool.Run([]string{"status", "--json", "webs:*"})
	var got struct {
		PID       int
		Degraded  string
		Processes []struct {
			Group    string
			InFlight *int `json:"in_flight"`
		}
		Errors []string
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || code != 4 {
		t.Fatalf("got code %d and error %v:\n%s", code, err, out)
	}
	if got.PID != 1 || got.Degraded == "" || len(got.Processes) != 2 || *got.Processes[0].InFlight != 3 ||
		got.Processes[1].InFlight != nil || len(got.Errors) != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestStatusOfNobodyIsStillJSON(t *testing.T) {
	tool, out := serve(t, &script{})
	tool.Run([]string{"status", "--json"})
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || got["processes"] == nil {
		t.Errorf("got error %v and\n%s\nwant an empty list of processes", err, out)
	}
}

func TestALongNameMovesTheColumns(t *testing.T) {
	long := strings.Repeat("x", 40)
	tool, out := serve(t, &script{frames: []control.Frame{
		{Process: &control.Process{Group: "g", Name: long, State: "FATAL", Description: "why"}},
		{Process: &control.Process{Group: "g", Name: "y", State: "STARTING"}},
	}})
	tool.Run([]string{"status"})
	want := "g:" + long + "   FATAL     why\n" + "g:y" + strings.Repeat(" ", 42) + "STARTING  \n"
	if out.String() != want {
		t.Errorf("got\n%q\nwant\n%q", out, want)
	}
}

func TestWhatIsAsked(t *testing.T) {
	file := filepath.Join(t.TempDir(), "env")
	text := "# a comment\n\nPERCORE_QUEUE_SIZE=7\r\nGREETING=hello, world = all\n  INHERITED\nMISSING\nEMPTY=\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	commented := []control.Verb{
		control.VerbStart, control.VerbRestart, control.VerbSignal, control.VerbScale, control.VerbDrain,
		control.VerbUndrain, control.VerbTail, control.VerbClear,
	}
	fromFile := []string{"PERCORE_QUEUE_SIZE=7", "GREETING=hello, world = all", "INHERITED=yes", "EMPTY="}
	for line, want := range map[string]control.Request{
		"start a b":                     {Verb: control.VerbStart, Names: []string{"a", "b"}},
		"restart --hard g:*":            {Verb: control.VerbRestart, Names: []string{"g:*"}, Hard: true},
		"restart g:*":                   {Verb: control.VerbRestart, Names: []string{"g:*"}},
		"reload":                        {Verb: control.VerbRestart, Names: []string{"all"}},
		"signal HUP a":                  {Verb: control.VerbSignal, Signal: "HUP", Names: []string{"a"}},
		"scale 3":                       {Verb: control.VerbScale, Count: 3},
		"scale +2":                      {Verb: control.VerbScale, Count: 2, Relative: true},
		"scale g -1":                    {Verb: control.VerbScale, Names: []string{"g"}, Count: -1, Relative: true},
		"logs":                          {Verb: control.VerbLogs, Bytes: 8192},
		"logs -f a b":                   {Verb: control.VerbLogs, Names: []string{"a", "b"}, Bytes: 8192, Follow: true},
		"scale g 3":                     {Verb: control.VerbScale, Names: []string{"g"}, Count: 3},
		"drain a":                       {Verb: control.VerbDrain, Names: []string{"a"}},
		"undrain a":                     {Verb: control.VerbUndrain, Names: []string{"a"}},
		"tail a":                        {Verb: control.VerbTail, Names: []string{"a"}, Stream: "stdout", Bytes: 1600},
		"tail -20 a STDERR":             {Verb: control.VerbTail, Names: []string{"a"}, Stream: "stderr", Bytes: 20},
		"tail -f a":                     {Verb: control.VerbTail, Names: []string{"a"}, Stream: "stdout", Bytes: 1024, Follow: true},
		"healthcheck":                   {Verb: control.VerbReady},
		"shutdown":                      {Verb: control.VerbShutdown},
		"pid all":                       {Verb: control.VerbPID, Names: []string{"all"}},
		"clear all":                     {Verb: control.VerbClear, Names: []string{"all"}},
		"reread A=1":                    {Verb: control.VerbReread, Set: []string{"A=1"}},
		"reread --env-file " + file:     {Verb: control.VerbReread, Set: fromFile},
		"reread --env-file=" + file:     {Verb: control.VerbReread, Set: fromFile},
		"reread A=1 --env-file=" + file: {Verb: control.VerbReread, Set: append([]string{"A=1"}, fromFile...)},
	} {
		t.Run(line, func(t *testing.T) {
			s := &script{}
			tool, _ := serve(t, s)
			tool.Environ = []string{"INHERITED=yes"}
			if code := tool.Run(strings.Fields(line)); code != 0 {
				t.Errorf("code: got %d, want 0", code)
			}
			want.Comment = slices.Contains(commented, want.Verb) && line != "reload"
			want.Version, want.Introduce = control.Version, want.Changes()
			if got := <-s.requests; fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

// What is waited for, and where there is output, is for people: scripts that know supervisorctl alone never see it.
func TestCommentsAreForPeople(t *testing.T) {
	for _, line := range []string{"stop a", "restart a", "tail a"} {
		for _, strict := range []bool{false, true} {
			s := &script{frames: []control.Frame{{Text: "waits for 3 requests of a, at most 24 s"}}}
			tool, out := serve(t, s)
			tool.Strict = strict
			tool.Run(strings.Fields(line))
			if asked := (<-s.requests).Comment; asked == strict {
				t.Errorf("%s, as supervisorctl %v: got %v asked for comments", line, strict, asked)
			}
			if shown := strings.Contains(out.String(), "waits for"); shown == strict {
				t.Errorf("%s, as supervisorctl %v: got %q", line, strict, out)
			}
		}
	}
}

func TestUpdateAsksWhichGroupsThereAreFirst(t *testing.T) {
	s := &script{frames: []control.Frame{
		{Process: &control.Process{Group: "webs", Name: "web-8000"}},
		{Change: &control.Change{Variable: "PERCORE_X", To: "1", Effect: "at once"}},
		{Outcome: &control.Outcome{Group: "webs", Name: "web-8000", Did: "started"}},
		{Change: &control.Change{Group: "webs", Did: "updated process group"}},
	}}
	tool, out := serve(t, s)
	if code := tool.Run([]string{"update", "--dry-run", "A=1", "nope"}); code != 1 {
		t.Errorf("code: got %d, want 1 for the unknown group", code)
	}
	if got := []control.Request{<-s.requests, <-s.requests}; got[0].Verb != control.VerbStatus ||
		got[1].Verb != control.VerbUpdate || !got[1].DryRun || !slices.Equal(got[1].Set, []string{"A=1"}) {
		t.Errorf("got %+v", got)
	}
	want := "ERROR: no such group: nope\nPERCORE_X: - -> 1 (at once)\nwebs:web-8000: started\nwebs: updated process group\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
	out.Reset()
	tool.Strict = true
	tool.Run([]string{"update"})
	if want := "webs: stopped\nwebs: updated process group\n"; out.String() != want {
		t.Errorf("as supervisorctl: got\n%s\nwant\n%s", out, want)
	}
}

func TestWhatIsWrongIsSaidAndNothingAsked(t *testing.T) {
	for line, want := range map[string]struct {
		code int
		text string
	}{
		"scale":                         {2, "Error: scale requires a number of workers\nscale <number>"},
		"scale many":                    {2, "Error: bad number of workers many"},
		"scale 0":                       {2, "Error: bad number of workers 0"},
		"scale a b 3":                   {2, "Error: scale requires"},
		"drain":                         {2, "Error: drain requires a process name"},
		"undrain":                       {2, "Error: undrain requires a process name"},
		"update --env-file":             {2, "--env-file takes the name of a file"},
		"update --env-file=/nowhere/at": {2, "no such file"},
		"update --env-file=/etc/passwd": {2, "is no name of a variable"},
		"healthcheck now":               {1, "unhealthy: healthcheck takes no arguments"},
		"help scale":                    {0, "scale <number>"},
		"help":                          {0, "percore's own commands"},
		"dance":                         {1, "*** Unknown syntax: dance"},
	} {
		t.Run(line, func(t *testing.T) {
			s := &script{}
			tool, out := serve(t, s)
			if code := tool.Run(strings.Fields(line)); code != want.code || !strings.Contains(out.String(), want.text) {
				t.Errorf("got code %d and %q, want %d and %q", code, out, want.code, want.text)
			}
			if len(s.requests) > 0 {
				t.Errorf("got request %+v, want none", <-s.requests)
			}
		})
	}
}

func TestAFaultOfPID1IsSaid(t *testing.T) {
	tool, out := serve(t, &script{code: 1, err: errors.New("restart: rolling restart halted: web-8000 is not ready")})
	if code := tool.Run([]string{"restart", "webs:*"}); code != 1 || out.String() != "ERROR: restart: rolling restart halted: web-8000 is not ready\n" {
		t.Errorf("got code %d and %q", code, out)
	}
}

func TestAnInterruptedTailEndsItsLine(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"tail -f is over then":      {args: []string{"tail", "-f", "a"}, want: "==> Press Ctrl-C to exit <==\nsome\n"},
		"a command was not done":    {args: []string{"start", "a"}, code: 130},
		"and says nothing about it": {args: []string{"stop", "a"}, code: 130},
	} {
		t.Run(name, func(t *testing.T) {
			interrupted, begun := make(chan struct{}), make(chan struct{})
			tool, out := serve(t, &script{})
			waiting := control.Place(filepath.Join(t.TempDir(), "w"))
			listener, err := control.Listen(waiting)
			if err != nil {
				t.Fatal(err)
			}
			server := control.NewServer(listener, func(ctx context.Context, r control.Request, reply func(control.Frame) error) (int, error) {
				if r.Follow {
					_ = reply(control.Frame{Data: []byte("some")})
				}
				close(begun)
				<-ctx.Done()
				return 0, nil
			}, slog.New(slog.DiscardHandler))
			ended := make(chan struct{})
			go func() { defer close(ended); _ = server.Run() }()
			defer func() { server.Close(); <-ended }()
			tool.Place, tool.Interrupted = waiting, interrupted
			go func() { <-begun; time.AfterFunc(50*time.Millisecond, func() { close(interrupted) }) }()
			if code := tool.Run(c.args); code != c.code || out.String() != c.want {
				t.Errorf("got code %d and %q, want %d and %q", code, out, c.code, c.want)
			}
		})
	}
}

// gone is a stdout whose reader has gone.
type gone struct{}

func (gone) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestAClosedOutputEndsTheCommand(t *testing.T) {
	tool, _ := serve(t, &script{frames: []control.Frame{{Data: []byte("x")}, {Data: []byte("y")}}})
	tool.Out = gone{}
	if code := tool.Run([]string{"tail", "a"}); code == 0 {
		t.Error("got code 0")
	}
}
