package fleet

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"percore/reaper/output"
	"percore/reaper/probe"
)

func TestLogFilesAreTriedWithoutBeingMade(t *testing.T) {
	dir := t.TempDir()
	there := filepath.Join(dir, "there.log")
	if err := os.WriteFile(there, []byte("old\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		out, want string
	}{
		"a file that is there":            {out: there},
		"one that could be made":          {out: filepath.Join(dir, "{name}.log")},
		"percore's own stream":            {out: "/dev/stdout"},
		"in a folder that does not exist": {out: filepath.Join(dir, "no/such/x.log"), want: "no such file"},
		"below a file":                    {out: filepath.Join(there, "x.log"), want: "not a directory"},
		"a folder":                        {out: dir, want: "is a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			p := Program{Group: "webs", Name: "web", Command: []string{"x"}, Workers: 2, PortsFrom: 8000, Output: Output{Stdout: output.LogFile{Path: c.out}}}
			faults := New(Options{Programs: []Program{p}}).TryLogs()
			if c.want == "" && len(faults) > 0 {
				t.Fatalf("got %v, want none", faults)
			}
			if c.want != "" && (len(faults) != 1 || !strings.Contains(faults[0].Err.Error(), c.want) || faults[0].Stream != "stdout" || faults[0].Program != "web") {
				t.Errorf("got %v, want one with %q", faults, c.want)
			}
		})
	}
	if list, _ := os.ReadDir(dir); len(list) != 1 {
		t.Errorf("got %v, want no file made", list)
	}
	if text, _ := os.ReadFile(there); string(text) != "old\n" {
		t.Errorf("got %q, want the file untouched", text)
	}
}

// TestTailAndClearGoByTheLogFile is about a real worker that writes more than memory keeps.
func TestTailAndClearGoByTheLogFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	program := Program{
		Group: "g", Name: "p", Command: []string{
			"/bin/sh", "-c",
			"i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done; echo to stderr >&2; exec sleep 1000",
		},
		Ready: probe.Check{Kind: probe.None}, Output: Output{Stdout: output.LogFile{Path: path}},
	}
	f := startReal(t, program, nil).fleet
	await := func(stream string, from int64, want string) (text string) {
		t.Helper()
		for {
			data, _, wake, ok := f.Tail("g:p", stream, from, 1<<20)
			if text = string(data); ok && strings.HasSuffix(text, want) {
				return text
			}
			if wake == nil {
				t.Fatalf("got %v without wake, want a tail", ok)
			}
			<-wake
		}
	}
	waitFor(t, "the worker runs", func() bool { return f.Status()[0].PID != 0 })
	if text := await("stdout", -15000, "line 1999\n"); len(text) != 15000 {
		t.Errorf("tail: got %d bytes, want 15000, of the file", len(text))
	}
	await("stderr", -100, "to stderr\n")
	if err := f.Clear("g:p"); err != nil {
		t.Fatal(err)
	}
	for _, stream := range []string{"stdout", "stderr"} {
		if data, _, _, ok := f.Tail("g:p", stream, -100, 100); len(data) != 0 || !ok {
			t.Errorf("%s after clear: got %q", stream, data)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Size() != 0 {
		t.Errorf("file after clear: got %v and error %v, want it empty", info, err)
	}
	if err := f.Clear("g:nobody"); err == nil {
		t.Error("clear of nobody: got no error")
	}
}
