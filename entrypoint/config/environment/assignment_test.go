package environment_test

import (
	"slices"
	"strings"
	"testing"

	"percore/entrypoint/config/environment"
)

func TestCheckAssignment(t *testing.T) {
	for assignment, want := range map[string]string{
		"A=1":                      "",
		"_a1=":                     "",
		"PERCORE_WORKERS=4":        "",
		"GREETING=a=b c":           "",
		"A":                        `set "A": not NAME=VALUE`,
		"=1":                       `set "": not NAME=VALUE`,
		"1A=b":                     `set "1A": not NAME=VALUE`,
		"A-B=c":                    `set "A-B": not NAME=VALUE`,
		"É=c":                      `set "É": not NAME=VALUE`,
		"A=\x00":                   "set A: holds a NUL byte",
		"PERCORE_ROLE=front":       "set PERCORE_ROLE: it is percore's own",
		"PERCORE_LINK_FD=3":        "set PERCORE_LINK_FD: it is percore's own",
		"PERCORE_SOCKET=/s":        "set PERCORE_SOCKET: it is percore's own",
		"PERCORE_WORKER_INDEX=1":   "set PERCORE_WORKER_INDEX: it is percore's own",
		"PERCORE_WORKER_INDICES=1": "",
	} {
		err := environment.CheckAssignment(assignment)
		if got := errorText(err); got != want {
			t.Errorf("%q: got %q, want %q", assignment, got, want)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestOverlay(t *testing.T) {
	for name, c := range map[string]struct{ environ, assignments, want []string }{
		"nothing":                        {environ: []string{"A=1"}, want: []string{"A=1"}},
		"a new name comes last":          {environ: []string{"A=1"}, assignments: []string{"B=2"}, want: []string{"A=1", "B=2"}},
		"a value takes another's place":  {environ: []string{"A=1", "B=2", "A=3"}, assignments: []string{"A=4"}, want: []string{"B=2", "A=4"}},
		"an empty value is unset":        {environ: []string{"A=1", "B=2"}, assignments: []string{"A="}, want: []string{"B=2"}},
		"the last of several counts":     {assignments: []string{"A=1", "B=2", "A=3"}, want: []string{"A=3", "B=2"}},
		"the last one may be an unset":   {assignments: []string{"A=1", "A="}},
		"entries that are no assignment": {environ: []string{"novalue"}, assignments: []string{"A=1"}, want: []string{"novalue", "A=1"}},
	} {
		t.Run(name, func(t *testing.T) {
			before := slices.Clone(c.environ)
			if got := environment.Overlay(c.environ, c.assignments); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if !slices.Equal(c.environ, before) {
				t.Errorf("the environment was changed: got %q, want %q", c.environ, before)
			}
		})
	}
}

func TestWithDefaults(t *testing.T) {
	defaults := []string{"PERCORE_LISTEN=:8080", "PERCORE_NAME=demo"}
	for name, c := range map[string]struct{ environ, added []string }{
		"nothing is set":                 {environ: []string{"A=1"}, added: defaults},
		"a name that is set":             {environ: []string{"PERCORE_NAME=web"}, added: defaults[:1]},
		"a name that is set to nothing":  {environ: []string{"PERCORE_NAME="}, added: defaults},
		"a name with a file":             {environ: []string{"PERCORE_NAME_FILE=/run/name"}, added: defaults[:1]},
		"PORT is an address, too":        {environ: []string{"PORT=80"}, added: defaults[1:]},
		"a name that is but longer":      {environ: []string{"PERCORE_NAMES=x"}, added: defaults},
		"all of them":                    {environ: []string{"PERCORE_NAME=web", "PERCORE_LISTEN=:1"}},
		"a file beside an empty address": {environ: []string{"PERCORE_LISTEN_FILE=/x", "PORT="}, added: defaults[1:]},
	} {
		t.Run(name, func(t *testing.T) {
			want := slices.Concat(c.environ, c.added)
			if got := environment.WithDefaults(c.environ, defaults...); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestReadFile(t *testing.T) {
	environ := []string{"HOME=/root", "HOMES=/x"}
	for name, c := range map[string]struct {
		text string
		want []string
		err  string
	}{
		"assignments":                                   {text: "A=1\nB=two words\n", want: []string{"A=1", "B=two words"}},
		"lines of Windows":                              {text: "A=1\r\nB=2\r\n", want: []string{"A=1", "B=2"}},
		"comments and empty lines":                      {text: "# A=1\n\n  \t# x\nB=2", want: []string{"B=2"}},
		"a byte order mark":                             {text: environment.ByteOrderMark + "A=1\n", want: []string{"A=1"}},
		"a value with equals signs":                     {text: "A=b=c\n", want: []string{"A=b=c"}},
		"quotes belong to the value":                    {text: `A="1"`, want: []string{`A="1"`}},
		"a name takes its value out of the environment": {text: "HOME\n", want: []string{"HOME=/root"}},
		"a name that the environment does not have":     {text: "HOM\n"},
		"an indented line":                              {text: "  A=1\n", want: []string{"A=1"}},
		"a name with a space":                           {text: "A=1\nB C=2\n", err: `line 2: "B C" is no name of a variable`},
		"no name":                                       {text: "=1\n", err: `line 1: "" is no name`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := environment.ReadFile(written(t, c.text), environ)
			if !slices.Equal(got, c.want) || !strings.Contains(errorText(err), c.err) || (err == nil) != (c.err == "") {
				t.Errorf("got %q and error %v, want %q and %q", got, err, c.want, c.err)
			}
		})
	}
	if _, err := environment.ReadFile("/nowhere", nil); err == nil {
		t.Error("a file that is not there: got no error")
	}
}
