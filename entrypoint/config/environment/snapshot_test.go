package environment_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"percore/entrypoint/config/environment"
)

// written makes a file and returns its path.
func written(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "value")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestFind(t *testing.T) {
	const name = "PERCORE_NAME"
	file := written(t, "tornado\r\n")
	for about, c := range map[string]struct {
		environ []string
		secret  bool
		want    environment.Given
		err     string
	}{
		"nothing":                       {environ: []string{"PERCORE_NAMES=x", "NAME=x", name}},
		"an empty text is none":         {environ: []string{name + "="}},
		"white space alone is none":     {environ: []string{name + "= \r"}},
		"a text":                        {environ: []string{name + "= web "}, want: environment.Given{Text: "web", Found: true}},
		"the space of a secret is kept": {environ: []string{name + "= web "}, secret: true, want: environment.Given{Text: " web ", Found: true}},
		"a file": {
			environ: []string{name + "_FILE= " + file},
			want:    environment.Given{Text: "tornado", File: " " + file, Found: true},
		},
		"a file beside nothing": {
			environ: []string{name + "=", name + "_FILE=" + file},
			want:    environment.Given{Text: "tornado", File: file, Found: true},
		},
		"an empty file is none": {environ: []string{name + "_FILE=" + written(t, "\n")}},
		"both": {
			environ: []string{name + "=a", name + "_FILE=" + file},
			want:    environment.Given{Text: "a", Found: true},
			err:     "is set, and so is PERCORE_NAME_FILE",
		},
		"no such file":      {environ: []string{name + "_FILE=/nowhere"}, err: "cannot be read: no such file"},
		"a folder":          {environ: []string{name + "_FILE=/"}, err: "cannot be read: is a directory"},
		"a device":          {environ: []string{name + "_FILE=/dev/null"}, err: "is not a regular file"},
		"a file with a NUL": {environ: []string{name + "_FILE=" + written(t, "a\x00b")}, err: "holds a NUL byte"},
		"a file that is too long": {
			environ: []string{name + "_FILE=" + written(t, strings.Repeat("x", 128<<10+1))},
			err:     "more than 131072 bytes",
		},
	} {
		t.Run(about, func(t *testing.T) {
			got, err := environment.Take(c.environ).Find(name, c.secret)
			if got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("got error %v, want %q", err, c.err)
			}
		})
	}
}

func TestABareNameHasNoFile(t *testing.T) {
	got, err := environment.Take([]string{"PORT_FILE=" + written(t, "80")}).Find("PORT", false)
	if got != (environment.Given{}) || err != nil {
		t.Errorf("got %+v and error %v, want nothing", got, err)
	}
}

func TestUnknown(t *testing.T) {
	known := []string{"PERCORE_WORKERS", "PERCORE_PORTS_FROM", "PORT"}
	for about, c := range map[string]struct{ environ, want []string }{
		"names of ours, and their files": {environ: []string{"PERCORE_WORKERS=1", "PERCORE_PORTS_FROM_FILE=/x", "PORT=80"}},
		"names that are none of ours":    {environ: []string{"WORKERS=1", "PERCOREX=1"}},
		"names that look like ours, in order": {
			environ: []string{"PERCORE_B=1", "percore_a=1", "PERCORE_A_FILE=1"},
			want:    []string{"PERCORE_A_FILE", "PERCORE_B", "percore_a"},
		},
		"empty ones are unset": {environ: []string{"PERCORE_B="}},
		"a byte order mark hides nothing": {
			environ: []string{environment.ByteOrderMark + "PERCORE_WORKERS=1"},
			want:    []string{environment.ByteOrderMark + "PERCORE_WORKERS"},
		},
		"a service called percore": {
			environ: []string{"PERCORE_SERVICE_HOST=10.0.0.1", "PERCORE_SERVICE_PORT_WEB=80", "PERCORE_PORT=tcp://10.0.0.1:80", "PERCORE_PORT_80_TCP=x"},
		},
		"a number in PERCORE_PORT is a wish": {environ: []string{"PERCORE_PORT= 80 "}, want: []string{"PERCORE_PORT"}},
		"a slip that begins like a service":  {environ: []string{"PERCORE_PORTS_FORM=1"}, want: []string{"PERCORE_PORTS_FORM"}},
		"a service called percore-web": {
			environ: []string{"PERCORE_WEB_SERVICE_HOST=10.0.0.1", "PERCORE_WEB_SERVICE_PORT=80", "PERCORE_WEB_PORT=tcp://x"},
		},
		"a port of no service":                 {environ: []string{"PERCORE_LISTEN_PORT=80"}, want: []string{"PERCORE_LISTEN_PORT"}},
		"what percore tells its own processes": {environ: []string{"PERCORE_ROLE=front", "PERCORE_LINK_FD=3"}},
		"what an outer percore tells its worker": {
			environ: []string{"PERCORE_WORKER_INDEX=1", "PERCORE_WORKER_NAME=a", "PERCORE_WORKER_MARK=b", "PERCORE_SOCKET=/s"},
		},
		"a link to a container called percore": {
			environ: []string{"PERCORE_NAME=/web/percore", "PERCORE_PORT=tcp://172.17.0.5:80", "PERCORE_ENV_LANG=C", "PERCORE_PORT_80_TCP_ADDR=1"},
		},
		"a link to percore-db": {
			environ: []string{"PERCORE_DB_NAME=/web/db", "PERCORE_DB_PORT=udp://x", "PERCORE_DB_ENV_A=1", "PERCORE_DB_PORT_53_UDP=x"},
		},
		"a name that is no link's": {
			environ: []string{"PERCORE_DB_NAME=db", "PERCORE_DB_ENV_A=1"},
			want:    []string{"PERCORE_DB_ENV_A", "PERCORE_DB_NAME"},
		},
	} {
		t.Run(about, func(t *testing.T) {
			if got := environment.Take(c.environ).Unknown(known); !slices.Equal(got, c.want) {
				t.Errorf("%q: got %q, want %q", c.environ, got, c.want)
			}
		})
	}
}

func TestUnquoted(t *testing.T) {
	for text, want := range map[string]string{
		`"a b"`: "a b", `'x'`: "x", `""`: "", `"`: `"`, `"a'`: `"a'`, `a"b"`: `a"b"`, "": "", `""x""`: `"x"`,
	} {
		if got := environment.Unquoted(text); got != want {
			t.Errorf("Unquoted(%s): got %s, want %s", text, got, want)
		}
	}
}
