package config_test

import (
	"slices"
	"testing"

	"percore/entrypoint/config"
)

const strictOff = "? If not, PERCORE_STRICT=false leaves it as it is"

func TestSlipsInPlaceholders(t *testing.T) {
	for name, c := range map[string]struct {
		command []string
		environ []string
		want    []string
	}{
		"two letters swapped":               {command: []string{"python3", "main.py", "--port={prot}"}, want: []string{`PERCORE_COMMAND: has "{prot}", which percore does not replace; did you mean {port}` + strictOff}},
		"a letter too many":                 {environ: []string{"PERCORE_COMMAND=app {ports}"}, want: []string{`PERCORE_COMMAND: has "{ports}", which percore does not replace; did you mean {port}` + strictOff}},
		"a capital":                         {command: []string{"app", "{Port}"}, want: []string{`PERCORE_COMMAND: has "{Port}", which percore does not replace; did you mean {port}` + strictOff}},
		"in the middle of a word":           {command: []string{"app", "--bind=unix:{soket},x"}, want: []string{`PERCORE_COMMAND: has "{soket}", which percore does not replace; did you mean {socket}` + strictOff}},
		"inside other braces":               {command: []string{"app", "{{idex}}"}, want: []string{`PERCORE_COMMAND: has "{idex}", which percore does not replace; did you mean {index}` + strictOff}},
		"behind braces of another kind":     {command: []string{"app", "{} {x} {nam}"}, want: []string{`PERCORE_COMMAND: has "{nam}", which percore does not replace; did you mean {name}` + strictOff}},
		"of the command before all":         {environ: []string{"PERCORE_PRESTART=migrate {nmae}"}, command: []string{"app"}, want: []string{`PERCORE_PRESTART: has "{nmae}", which percore does not replace; did you mean {name}` + strictOff}},
		"of a further program":              {environ: []string{"PERCORE_PROGRAMS=mail", "PERCORE_MAIL_COMMAND=mail {inedx}"}, want: []string{`PERCORE_MAIL_COMMAND: has "{inedx}", which percore does not replace; did you mean {index}` + strictOff}},
		"two slips are another word":        {command: []string{"app", "{prto}x{pxxt}"}},
		"words that are like none":          {command: []string{"app", "{host}", "{}", "{", "}", "{other}", "{p}", "a{b"}},
		"beside a right one":                {command: []string{"app", `{"prot": {port}, "x": {prot}}`}},
		"the arguments count, not the name": {environ: []string{"PERCORE_COMMAND=app {prot}"}, command: []string{"app", "{port}"}},
		"mode init fills nothing in":        {environ: []string{"PERCORE_MODE=init", "PERCORE_COMMAND=app {prot}"}},
		"a socket, and a port by order": {environ: []string{"PERCORE_BIND=tcp"}, command: []string{"app", "{socket}"}, want: []string{
			"PERCORE_BIND: contradicts the command, which has {socket}; unset PERCORE_BIND, or write {port} in the command",
		}},
		"the same of a further program": {environ: []string{"PERCORE_PROGRAMS=mail", "PERCORE_MAIL_COMMAND=mail {socket}", "PERCORE_MAIL_BIND=tcp"}, want: []string{
			"PERCORE_MAIL_BIND: contradicts the command, which has {socket}; unset PERCORE_MAIL_BIND, or write {port} in the command",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := config.LoadWith(c.environ, c.command, someUID)
			if got := problemsIn(t, err); !slices.Equal(got, c.want) {
				t.Errorf("LoadWith(%q, %q)\n got %q\nwant %q", c.environ, c.command, got, c.want)
			}
			cfg, warnings, err := config.LoadWith(append(c.environ, "PERCORE_STRICT=no"), c.command, someUID)
			if err != nil || cfg == nil || len(warnings) != len(c.want) {
				t.Errorf("with PERCORE_STRICT=no: got %v and the warnings %v, want a start with %d", err, warnings, len(c.want))
			}
		})
	}
}

func TestTheSocketFollowsTheCommand(t *testing.T) {
	for name, c := range map[string]struct {
		environ, command []string
		variable, want   string
	}{
		"of the arguments":     {command: []string{"app", "--bind=unix:{socket}"}, variable: "PERCORE_BIND", want: "unix from command it has {socket}"},
		"of PERCORE_COMMAND":   {environ: []string{"PERCORE_COMMAND=app {socket}"}, variable: "PERCORE_BIND", want: "unix from command it has {socket}"},
		"of a further program": {environ: []string{"PERCORE_PROGRAMS=mail", "PERCORE_MAIL_COMMAND=mail {socket}"}, variable: "PERCORE_MAIL_BIND", want: "unix from command it has {socket}"},
		"which makes it ready": {environ: []string{"PERCORE_PROGRAMS=mail", "PERCORE_MAIL_COMMAND=mail {socket}"}, variable: "PERCORE_MAIL_READY", want: "tcp from default"},
		"by order":             {environ: []string{"PERCORE_BIND=unix"}, command: []string{"app"}, variable: "PERCORE_BIND", want: "unix from environment"},
		"where there is none":  {command: []string{"app", "{port}"}, variable: "PERCORE_BIND", want: "tcp from default"},
		"no port is needed":    {environ: []string{"PERCORE_PORTS_FROM=8080"}, command: []string{"app", "{socket}"}, variable: "PERCORE_BIND", want: "unix from command it has {socket}"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, _, err := config.LoadWith(c.environ, c.command, someUID)
			if err != nil {
				t.Fatal(err)
			}
			if got := effective(cfg, c.variable); got != c.want {
				t.Errorf("%s: got %s, want %s", c.variable, got, c.want)
			}
		})
	}
}
