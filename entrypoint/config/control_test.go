package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"percore/entrypoint/config"
	"percore/entrypoint/config/value"
)

func TestControlOfReadsOneVariableAlone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "place")
	if err := os.WriteFile(file, []byte("/run/from-file.sock\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		environ []string
		want    value.Control
		err     string
	}{
		"unset is no choice":                  {environ: []string{"PERCORE_WORKERS=many"}},
		"empty is unset":                      {environ: []string{"PERCORE_CONTROL= "}},
		"the variable":                        {environ: []string{"PERCORE_CONTROL=/x"}, want: "/x"},
		"the file of the twin":                {environ: []string{"PERCORE_CONTROL_FILE=" + file}, want: "/run/from-file.sock"},
		"both at once":                        {environ: []string{"PERCORE_CONTROL=/x", "PERCORE_CONTROL_FILE=" + file}, want: "", err: "is set, and so is"},
		"a value that is no place":            {environ: []string{"PERCORE_CONTROL=x"}, err: "absolute"},
		"a variable whose name starts alike":  {environ: []string{"PERCORE_CONTROLLER=/x"}},
		"what else is wrong is not looked at": {environ: []string{"PERCORE_CONTROL=/x", "PERCORE_WORKRES=1"}, want: "/x"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := config.ControlOf(c.environ)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Fatalf("got %q and error %v, want an error with %q", got, err, c.err)
				}
				return
			}
			if err != nil || got != c.want {
				t.Errorf("got %q and error %v, want %q", got, err, c.want)
			}
		})
	}
}
