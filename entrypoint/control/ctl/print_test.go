package ctl_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"percore/entrypoint/control"
	"percore/entrypoint/control/ctl"
)

// statusOf is what `status` with these words prints of a percore that answers with frames.
func statusOf(t *testing.T, frames []control.Frame, args ...string) string {
	t.Helper()
	tool, out := serve(t, &script{frames: frames})
	tool.Run(append([]string{"status"}, args...))
	return out.String()
}

func TestTheSecondLineOfAProcess(t *testing.T) {
	none, three, many := int64(0), int64(3), uint64(1200)
	for name, c := range map[string]struct {
		process control.Process
		want    string
	}{
		"one that never ran":             {control.Process{}, "ready no, restarts 0"},
		"one that runs and gets nothing": {control.Process{Ready: true, PID: 7}, "ready yes, restarts 0, rss 0.0 MB, cpu 0.00 s"},
		"the front door counts it": {
			control.Process{InFlight: &three, Requests: &many}, "ready no, in flight 3, requests 1200, restarts 0",
		},
		"it counts none in flight":  {control.Process{InFlight: &none}, "ready no, in flight 0, restarts 0"},
		"a request that takes long": {control.Process{Oldest: 0.04}, "ready no, oldest request 0.0 s, restarts 0"},
		"it is avoided":             {control.Process{Ejected: true}, "ready no, avoided as it does not answer, restarts 0"},
		"what is wrong with it": {
			control.Process{Diagnosis: "listens on [::1]:8000", Restarts: 4},
			"ready no, restarts 4, listens on [::1]:8000",
		},
		"how the one before it has ended": {
			control.Process{LastEnd: "exit code 3 after 2s"}, "ready no, restarts 0, last end: exit code 3 after 2s",
		},
		"memory and CPU are of a process": {control.Process{RSS: 1 << 30, CPU: 5}, "ready no, restarts 0"},
	} {
		c.process.Group, c.process.Name = "g", "a"
		lines := strings.Split(statusOf(t, []control.Frame{{Fleet: &control.Fleet{}}, {Process: &c.process}}, "-v"), "\n")
		if len(lines) < 2 || lines[1] != "    "+c.want {
			t.Errorf("%s: got %q, want %q", name, lines, c.want)
		}
	}
}

func TestTheLastLineOfAStatus(t *testing.T) {
	for name, c := range map[string]struct {
		fleet          control.Fleet
		verbose, plain string
	}{
		"all is well":     {control.Fleet{Ready: true}, "percore 1.2, pid 1, ready", ""},
		"it is not ready": {control.Fleet{Why: "percore is stopping"}, "percore 1.2, pid 1, not ready: percore is stopping", ""},
		"something is under way": {
			control.Fleet{Ready: true, Maintenance: "restart"}, "percore 1.2, pid 1, ready; under way: restart", "",
		},
		"something is not as meant": {
			control.Fleet{Ready: true, Degraded: "roll halted"},
			"percore 1.2, pid 1, ready; degraded: roll halted",
			"degraded: roll halted",
		},
		"all of that": {
			control.Fleet{Why: "x", Maintenance: "m", Degraded: "d"},
			"percore 1.2, pid 1, not ready: x; under way: m; degraded: d", "degraded: d",
		},
	} {
		c.fleet.PID, c.fleet.Version = 1, "1.2"
		if got := strings.TrimSpace(statusOf(t, []control.Frame{{Fleet: &c.fleet}}, "-v")); got != c.verbose {
			t.Errorf("%s, verbose: got %q, want %q", name, got, c.verbose)
		}
		if got := strings.TrimSpace(statusOf(t, []control.Frame{{Fleet: &c.fleet}})); got != c.plain {
			t.Errorf("%s: got %q, want %q", name, got, c.plain)
		}
	}
}

func TestWhatIsHeldHasALine(t *testing.T) {
	for name, c := range map[string]struct {
		held *control.Held
		want string
	}{
		"there is no front door":     {nil, ""},
		"nothing is held":            {&control.Held{BytesMax: 1 << 25}, ""},
		"nor was refused, only held": {&control.Held{BytesMax: 1 << 25, Requests: 3, Responses: 4}, ""},
		"something is": {
			&control.Held{Files: 2, Bytes: 3 << 19, BytesMax: 1 << 25, Requests: 3},
			"held in files: 1.5 of at most 32.0 MB, files 2; so far requests 3, responses 0\n",
		},
		"something was refused": {
			&control.Held{BytesMax: 1 << 20, Refused: 9},
			"held in files: 0.0 of at most 1.0 MB, files 0; so far requests 0, responses 0, no room 9\n",
		},
		"something failed, and is refused": {
			&control.Held{Refused: 1, Failed: 2},
			"held in files: 0.0 of at most 0.0 MB, files 0; so far requests 0, responses 0, no room 1, file failed 2\n",
		},
	} {
		frames := []control.Frame{{Fleet: &control.Fleet{PID: 1, Version: "1.2", Ready: true, Held: c.held}}}
		if got, want := statusOf(t, frames, "-v"), c.want+"percore 1.2, pid 1, ready\n"; got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
		if got := statusOf(t, frames); strings.Contains(got, "held") {
			t.Errorf("%s, without -v: got %q", name, got)
		}
		got := statusOf(t, frames, "--json")
		if has := strings.Contains(got, `"held": {`); has != (c.held != nil) {
			t.Errorf("%s, as JSON: got %s", name, got)
		}
	}
	held := &control.Held{Files: 1, Bytes: 2, BytesMax: 3, Requests: 4, Responses: 5, Refused: 6, Failed: 7}
	got := statusOf(t, []control.Frame{{Fleet: &control.Fleet{Held: held}}}, "--json")
	const want = `"files":1,"bytes":2,"bytes_max":3,"requests":4,"responses":5,"refused":6,"failed":7`
	if plain := strings.NewReplacer(" ", "", "\n", "").Replace(got); !strings.Contains(plain, `"held":{`+want+`}`) {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestJSONIsForPrograms(t *testing.T) {
	got := statusOf(t, []control.Frame{
		{Fleet: &control.Fleet{PID: 7, Version: "1.2", Command: "sh -c 'a && b'"}},
		{Outcome: &control.Outcome{Group: "nope", Fault: control.NoSuchGroup}},
		{Process: &control.Process{Group: "g", Name: "a", State: "RUNNING", Ready: true}},
	}, "--json", "g:*")
	for _, want := range []string{`"command": "sh -c 'a && b'"`, `"errors": [` + "\n" + `    "nope: no such group"`, `"state": "RUNNING"`, `"ready": true`} {
		if !strings.Contains(got, want) {
			t.Errorf("got %s, want %s in it", got, want)
		}
	}
	if strings.Contains(got, "reached") || strings.Contains(got, "ERROR") {
		t.Errorf("got %s, want JSON alone", got)
	}
}

func TestTheLinesOfAnUpdate(t *testing.T) {
	frames := []control.Frame{
		{Process: &control.Process{Group: "webs", Name: "web-8000"}},
		{Change: &control.Change{Variable: "PERCORE_X", From: "1", To: "2", Effect: "at once"}},
		{Change: &control.Change{Variable: "PERCORE_Y", From: "1", Effect: "at once"}},
		{Outcome: &control.Outcome{Group: "webs", Name: "web-8000", Did: "started"}},
		{Outcome: &control.Outcome{Group: "webs", Name: "web-8001", Fault: control.SpawnError, Why: "not ready within 60s"}},
		{Change: &control.Change{Group: "webs", Did: "changed"}},
		{Change: &control.Change{Group: "webs", Did: "updated process group"}},
	}
	for name, c := range map[string]struct {
		args   []string
		strict bool
		code   int
		want   string
	}{
		"percore's": {
			args: []string{"update", "PERCORE_X=2"}, code: 1,
			want: "PERCORE_X: 1 -> 2 (at once)\nPERCORE_Y: 1 -> - (at once)\nwebs:web-8000: started\n" +
				"webs:web-8001: ERROR (spawn error): not ready within 60s\nwebs: changed\nwebs: updated process group\n",
		},
		"supervisorctl's, with the faults alone": {
			args: []string{"update"}, strict: true, code: 1,
			want: "webs:web-8001: ERROR (spawn error)\nwebs: changed\nwebs: stopped\nwebs: updated process group\n",
		},
		"a reread names groups": {args: []string{"reread"}, code: 1, want: "webs: changed\nwebs: updated process group\n"},
	} {
		tool, out := serve(t, &script{frames: frames, code: 1})
		tool.Strict = c.strict
		if code := tool.Run(c.args); code != c.code || out.String() != c.want {
			t.Errorf("%s: got code %d and\n%s\nwant %d and\n%s", name, code, out, c.code, c.want)
		}
	}
	tool, out := serve(t, &script{})
	if code := tool.Run([]string{"reread", "A=1"}); code != 0 || out.String() != "No config updates to processes\n" {
		t.Errorf("a reread of nothing new: got code %d and %q", code, out)
	}
}

func TestAssignmentsAndGroupsMayBeMixed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "env")
	if err := os.WriteFile(file, []byte("B=2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &script{frames: []control.Frame{{Process: &control.Process{Group: "webs"}}}}
	tool, out := serve(t, s)
	if code := tool.Run([]string{"update", "A=1", "webs", "--env-file", file, "all", "C="}); code != 0 || out.String() != "" {
		t.Errorf("got code %d and %q", code, out)
	}
	<-s.requests // for the groups
	if got := <-s.requests; !slices.Equal(got.Set, []string{"A=1", "B=2", "C="}) || got.DryRun {
		t.Errorf("got %+v, want the three in their order", got)
	}
}

func TestOutputIsPrintedAsItIs(t *testing.T) {
	data := []control.Frame{{Data: []byte("one\ntw")}, {Data: []byte("o\x00\xff\n")}}
	for line, want := range map[string]string{
		"tail a": "one\ntwo\x00\xff\n\n", "tail -f a": "==> Press Ctrl-C to exit <==\none\ntwo\x00\xff\n",
		"logs": "one\ntwo\x00\xff\n", "logs -f a b": "one\ntwo\x00\xff\n",
	} {
		tool, out := serve(t, &script{frames: data})
		if code := tool.Run(strings.Fields(line)); code != 0 || out.String() != want {
			t.Errorf("%s: got code %d and %q, want %q", line, code, out, want)
		}
	}
}

func TestATailWithoutOutput(t *testing.T) {
	hint := []control.Frame{{Text: "a has written nothing to stdout"}}
	fault := outcomes(control.Outcome{Group: "g", Name: "a", Fault: control.NoSuchName, Why: "there are g:b"})
	for name, c := range map[string]struct {
		frames []control.Frame
		strict bool
		code   int
		want   string
	}{
		"the line is ended":            {want: "\n"},
		"or a hint is in its place":    {frames: hint, want: "a has written nothing to stdout\n"},
		"which supervisorctl has not":  {frames: hint, strict: true, want: "\n"},
		"a name that is none":          {frames: fault, code: 1, want: "g:a: ERROR (no such process name): there are g:b\n"},
		"the same, as supervisorctl":   {frames: fault, strict: true, code: 1, want: "g:a: ERROR (no such process name)\n"},
		"and where the code is 0, too": {frames: fault, strict: true, want: "g:a: ERROR (no such process name)\n"},
	} {
		tool, out := serve(t, &script{frames: c.frames, code: c.code})
		tool.Strict = c.strict
		if code := tool.Run([]string{"tail", "g:a"}); code != c.code || out.String() != c.want {
			t.Errorf("%s: got code %d and %q, want %d and %q", name, code, out, c.code, c.want)
		}
	}
}

func TestWhatTailTakes(t *testing.T) {
	for line, c := range map[string]struct {
		request control.Request // with code 0
		code    int
		text    string
	}{
		"tail a":           {request: control.Request{Names: []string{"a"}, Stream: "stdout", Bytes: 1600}},
		"tail a stderr":    {request: control.Request{Names: []string{"a"}, Stream: "stderr", Bytes: 1600}},
		"tail a Stdout":    {request: control.Request{Names: []string{"a"}, Stream: "stdout", Bytes: 1600}},
		"tail -5 a":        {request: control.Request{Names: []string{"a"}, Stream: "stdout", Bytes: 5}},
		"tail -f a stderr": {request: control.Request{Names: []string{"a"}, Stream: "stderr", Bytes: 1024, Follow: true}},
		"tail --5 a":       {request: control.Request{Names: []string{"a"}, Stream: "stdout", Bytes: -5}}, // as Python's int takes it
		"tail":             {code: 1, text: "Error: too few arguments\ntail [-f] <name>"},
		"tail a b c d":     {code: 1, text: "Error: too many arguments\ntail [-f] <name>"},
		"tail -5":          {code: 1, text: "Error: tail requires process name\n"},
		"tail a out":       {code: 1, text: "Error: bad channel 'out'\n"},
		"tail a b stderr":  {request: control.Request{Names: []string{"a"}, Stream: "stderr", Bytes: 1600}},
		"tail -x a":        {code: 1, text: "Error: bad argument -x\n"},
		"tail - a":         {code: 1, text: "Error: bad argument -\n"},
		"maintail":         {code: 1, text: "supervisord: ERROR (no log file)\n"},
		"maintail -f":      {code: 1, text: "supervisord: ERROR (no log file)\n"},
		"maintail -100":    {code: 1, text: "supervisord: ERROR (no log file)\n"},
		"maintail 100":     {code: 1, text: "Error: bad argument 100\n"},
		"maintail -f -5":   {code: 1, text: "Error: too many arguments\nmaintail"},
	} {
		s := &script{}
		tool, out := serve(t, s)
		tool.Strict = true
		code := tool.Run(strings.Fields(line))
		if code != c.code || !strings.HasPrefix(out.String(), c.text) {
			t.Errorf("%s: got code %d and %q, want %d and %q", line, code, out, c.code, c.text)
		}
		if c.code != 0 {
			continue
		}
		c.request.Version, c.request.Verb = control.Version, control.VerbTail
		if got := <-s.requests; fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", c.request) {
			t.Errorf("%s: got  %+v\nwant %+v", line, got, c.request)
		}
	}
}

func TestEveryCommandHasAHelp(t *testing.T) {
	var topics bytes.Buffer
	(&ctl.Tool{Out: &topics}).Run([]string{"help"})
	names := strings.Fields(topics.String())
	for _, name := range []string{
		"add", "avail", "clear", "exit", "fg", "maintail", "open", "pid", "quit", "reload", "remove", "reread",
		"restart", "shutdown", "signal", "start", "status", "stop",
		"tail", "update", "version", "drain", "healthcheck", "logs", "scale", "undrain",
	} {
		if !slices.Contains(names, name) {
			t.Errorf("help: got no %s among %q", name, names)
		}
		var out bytes.Buffer
		if code := (&ctl.Tool{Out: &out}).Run([]string{"help", name}); code != 0 || !strings.HasPrefix(out.String(), name) {
			t.Errorf("help %s: got code %d and %q", name, code, &out)
		}
	}
	for _, own := range []string{"drain", "scale", "logs"} {
		var out bytes.Buffer
		(&ctl.Tool{Out: &out, Strict: true}).Run([]string{"help", own})
		if out.String() != "*** No help on "+own+"\n" {
			t.Errorf("supervisorctl's help %s: got %q", own, &out)
		}
	}
}

func TestThePromptGoesOnAfterAFault(t *testing.T) {
	tool, out := serve(t, &script{frames: outcomes(control.Outcome{Group: "nope", Fault: control.NoSuchProcess}), code: 1})
	tool.In = strings.NewReader("stop nope\n  \nfoo\nexit\nstop never\n")
	if code := tool.Supervisorctl([]string{"-i"}); code != 0 {
		t.Errorf("got code %d, want 0 whatever the commands", code)
	}
	want := "nope: ERROR (no such process)\nsupervisor> nope: ERROR (no such process)\nsupervisor> supervisor> *** Unknown syntax: foo\nsupervisor> \n"
	if out.String() != want {
		t.Errorf("got\n%q\nwant\n%q", out, want)
	}
}

func TestAFaultIsNotSaidToAnOutputThatIsClosed(t *testing.T) {
	for _, line := range []string{"status", "stop a", "logs -f", "update A=1", "healthcheck"} {
		tool, _ := serve(t, &script{frames: []control.Frame{{Text: "x"}, {Data: []byte("x")}}, code: 1, err: errors.New("halted")})
		tool.Out = gone{}
		if code := tool.Run(strings.Fields(line)); code == 0 {
			t.Errorf("%s: got code 0", line)
		}
	}
}

// The columns are supervisorctl's: thirty for the name and three more, ten for the state, wider for names that need
// it.
func TestTheColumnsOfAStatus(t *testing.T) {
	for name, c := range map[string]struct {
		names []string
		width int
	}{
		"a short name":       {[]string{"a"}, 33},
		"one of thirty":      {[]string{strings.Repeat("x", 28)}, 33}, // and its group's "g:"
		"one more":           {[]string{strings.Repeat("x", 29)}, 34},
		"beside a short one": {[]string{strings.Repeat("x", 40), "a"}, 45},
	} {
		var frames []control.Frame
		for _, n := range c.names {
			frames = append(frames, control.Frame{Process: &control.Process{Group: "g", Name: n, State: "RUNNING", Description: "pid 7"}})
		}
		for _, line := range strings.Split(strings.TrimSpace(statusOf(t, frames)), "\n") {
			if at := strings.Index(line, "RUNNING"); at != c.width || !strings.HasSuffix(line, "RUNNING   pid 7") {
				t.Errorf("%s: got %q, want the state in column %d", name, line, c.width)
			}
		}
	}
}

// A fault of one name does not keep the others from being told, in the order in which PID 1 tells them.
func TestOutcomesKeepTheirOrder(t *testing.T) {
	tool, out := serve(t, &script{code: 1, frames: outcomes(
		control.Outcome{Group: "b", Name: "b", Did: "stopped"},
		control.Outcome{Group: "nope", Fault: control.NoSuchGroup, Why: "the groups are a, b"},
		control.Outcome{Group: "a", Name: "a", Fault: control.NotRunning},
		control.Outcome{Group: "a", Name: "c", Did: "stopped"},
	)})
	want := "b: stopped\nnope: ERROR (no such group): the groups are a, b\na: ERROR (not running)\na:c: stopped\n"
	if code := tool.Run([]string{"stop", "b", "nope:*", "a:*"}); code != 1 || out.String() != want {
		t.Errorf("got code %d and\n%s\nwant 1 and\n%s", code, out, want)
	}
}

// Lines for people come where a person asked: a health check, a pid, a shutdown.
func TestTextIsPrintedLineByLine(t *testing.T) {
	for line, strict := range map[string]bool{"pid all": false, "pid": true, "shutdown": true, "healthcheck": false} {
		tool, out := serve(t, &script{frames: []control.Frame{{Text: "4711"}, {Fleet: &control.Fleet{PID: 1}}, {Text: "4712"}}})
		tool.Strict = strict
		code := tool.Run(strings.Fields(line))
		got := strings.Fields(out.String())
		if code != 0 || len(got) < 2 || got[0] != "4711" || got[len(got)-1] != "4712" {
			t.Errorf("%s: got code %d and %q, want both lines in their order", line, code, out)
		}
	}
}
