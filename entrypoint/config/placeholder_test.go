package config_test

import (
	"slices"
	"testing"

	"percore/entrypoint/config"
)

// slipOf is the problem of a placeholder that is misspelt.
func slipOf(variable, wrong, right string) string {
	return "PERCORE_" + variable + `: has "` + wrong + `", which percore does not replace; did you mean ` + right +
		"? If not, PERCORE_STRICT=false leaves it as it is"
}

func TestSlipsInPlaceholders(t *testing.T) {
	for name, c := range map[string]struct {
		command []string
		environ []string
		want    []string
	}{
		"two letters swapped": {
			command: []string{"python3", "main.py", "--port={prot}"},
			want:    []string{slipOf("COMMAND", "{prot}", "{port}")},
		},
		"a letter too many":             {environ: []string{"PERCORE_COMMAND=app {ports}"}, want: []string{slipOf("COMMAND", "{ports}", "{port}")}},
		"a capital":                     {command: []string{"app", "{Port}"}, want: []string{slipOf("COMMAND", "{Port}", "{port}")}},
		"in the middle of a word":       {command: []string{"app", "--bind=unix:{soket},x"}, want: []string{slipOf("COMMAND", "{soket}", "{socket}")}},
		"inside other braces":           {command: []string{"app", "{{idex}}"}, want: []string{slipOf("COMMAND", "{idex}", "{index}")}},
		"behind braces of another kind": {command: []string{"app", "{} {x} {nam}"}, want: []string{slipOf("COMMAND", "{nam}", "{name}")}},
		"of the command before all": {
			environ: []string{"PERCORE_PRESTART=migrate {nmae}"},
			command: []string{"app"},
			want:    []string{slipOf("PRESTART", "{nmae}", "{name}")},
		},
		"of a further program": {
			environ: []string{"PERCORE_PROGRAMS=mail", "PERCORE_MAIL_COMMAND=mail {inedx}"},
			want:    []string{slipOf("MAIL_COMMAND", "{inedx}", "{index}")},
		},
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
		"of the arguments":   {command: []string{"app", "--bind=unix:{socket}"}, variable: "PERCORE_BIND", want: "unix from command it has {socket}"},
		"of PERCORE_COMMAND": {environ: []string{"PERCORE_COMMAND=app {socket}"}, variable: "PERCORE_BIND", want: "unix from command it has {socket}"},
		"of a further program": {
			environ:  []string{"PERCORE_PROGRAMS=mail", "PERCORE_MAIL_COMMAND=mail {socket}"},
			variable: "PERCORE_MAIL_BIND",
			want:     "unix from command it has {socket}",
		},
		"which makes it ready": {
			environ:  []string{"PERCORE_PROGRAMS=mail", "PERCORE_MAIL_COMMAND=mail {socket}"},
			variable: "PERCORE_MAIL_READY",
			want:     "tcp from default",
		},
		"by order": {
			environ:  []string{"PERCORE_BIND=unix"},
			command:  []string{"app"},
			variable: "PERCORE_BIND",
			want:     "unix from environment",
		},
		"where there is none": {command: []string{"app", "{port}"}, variable: "PERCORE_BIND", want: "tcp from default"},
		"no port is needed": {
			environ:  []string{"PERCORE_PORTS_FROM=8080"},
			command:  []string{"app", "{socket}"},
			variable: "PERCORE_BIND",
			want:     "unix from command it has {socket}",
		},
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
