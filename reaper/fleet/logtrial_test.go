package fleet

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
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
			p := Program{Group: "webs", Name: "web", Command: []string{"x"}, Workers: 2, PortsFrom: 8000, Stdout: LogFile{Path: c.out}}
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
