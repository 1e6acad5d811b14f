package environment_test

import (
	"maps"
	"slices"
	"testing"

	"percore/entrypoint/config/environment"
)

// left are the names that are left of an environment.
func left(environ ...string) []string {
	return slices.Sorted(maps.Keys(environment.Take(environ)))
}

func TestTakeDropsWhatHasNoValue(t *testing.T) {
	for name, c := range map[string]struct{ environ, want []string }{
		"nothing":                            {},
		"a value":                            {environ: []string{"A=1"}, want: []string{"A"}},
		"an empty value":                     {environ: []string{"A="}},
		"spaces":                             {environ: []string{"A=  \t"}},
		"the end of a line of Windows":       {environ: []string{"A=\r"}},
		"an entry without a value":           {environ: []string{"A"}},
		"an entry without a name":            {environ: []string{"=1", "=C:=x"}},
		"a value with equals signs":          {environ: []string{"A=b=c"}, want: []string{"A"}},
		"the same name twice is one":         {environ: []string{"A=1", "A=2"}, want: []string{"A"}},
		"names that differ in their case":    {environ: []string{"A=1", "a=2"}, want: []string{"A", "a"}},
		"a name that comes again as nothing": {environ: []string{"A=1", "A="}, want: []string{"A"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := left(c.environ...); !slices.Equal(got, c.want) {
				t.Errorf("%q: got %q, want %q", c.environ, got, c.want)
			}
		})
	}
	if got := environment.Take([]string{"A=1", "A=2"})["A"]; got != "2" {
		t.Errorf("the same name twice: got %q, want the last, as execve's callers have it", got)
	}
}

// Docker's links are dropped as a whole: a value that a link sets must never be taken for percore's own variable of that name.
func TestTakeDropsWhatLinksSay(t *testing.T) {
	for name, c := range map[string]struct{ environ, want []string }{
		"a name, a port and what is below them": {
			environ: []string{"PERCORE_DB_NAME=/web/db", "PERCORE_DB_PORT=tcp://1.2.3.4:5", "PERCORE_DB_PORT_5_TCP=x", "PERCORE_DB_ENV_LANG=C"},
		},
		"of an alias that is percore's own name": {
			environ: []string{"PERCORE_NAME=/web/percore", "PERCORE_PORT=udp://1.2.3.4:5", "PERCORE_ENV_LANG=C"},
		},
		"other protocols": {
			environ: []string{"PERCORE_A_PORT=sctp://1.2.3.4:5", "PERCORE_A_PORT_5_SCTP=x", "PERCORE_B_PORT=http://x"},
			want:    []string{"PERCORE_B_PORT"},
		},
		"a name that is one of percore's own": {
			environ: []string{"PERCORE_NAME=web", "PERCORE_ENV_LANG=C"}, want: []string{"PERCORE_ENV_LANG", "PERCORE_NAME"},
		},
		"another alias that begins alike": {
			environ: []string{"PERCORE_DB_NAME=/web/db", "PERCORE_DB2_ENV_X=1"}, want: []string{"PERCORE_DB2_ENV_X"},
		},
		"what is said of the alias otherwise": {
			environ: []string{"PERCORE_DB_NAME=/web/db", "PERCORE_DB_COMMAND=db"}, want: []string{"PERCORE_DB_COMMAND"},
		},
		"names that are none of percore's": {
			environ: []string{"DB_NAME=/web/db", "DB_PORT=tcp://1.2.3.4:5"}, want: []string{"DB_NAME", "DB_PORT"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := left(c.environ...); !slices.Equal(got, c.want) {
				t.Errorf("%q: got %q, want %q", c.environ, got, c.want)
			}
		})
	}
}

func TestIsOurs(t *testing.T) {
	for name, want := range map[string]bool{
		"PERCORE_WORKERS": true, "percore_workers": true, "PERCORE_": true, "PERCORE_X=1": true,
		"PERCORE": false, "PERCOREX": false, "XPERCORE_": false, "PORT": false, "": false,
	} {
		if got := environment.IsOurs(name); got != want {
			t.Errorf("%q: got %t, want %t", name, got, want)
		}
	}
}

func TestIsPrivate(t *testing.T) {
	for name, want := range map[string]bool{
		"PERCORE_ROLE": true, "PERCORE_LINK_FD": true, "PERCORE_LINK_": true,
		"PERCORE_ROLES": false, "PERCORE_LINK": false, "ROLE": false, "PERCORE_SOCKET": false,
	} {
		if got := environment.IsPrivate(name); got != want {
			t.Errorf("%s: got %t, want %t", name, got, want)
		}
	}
}
