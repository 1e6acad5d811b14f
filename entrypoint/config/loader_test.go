package config

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"percore/entrypoint/config/environment"
	"percore/entrypoint/config/value"
)

const secretText = "hunter2 & friends"

// token is a type whose error quotes what it read, as somebody's one day will.
type token string

func (t *token) UnmarshalText(text []byte) error {
	if len(text) < 8 {
		return errors.New("too short: " + string(text))
	}
	*t = token(text)
	return nil
}

// secretSpec stands in for Config, which has no secret yet.
type secretSpec struct {
	Token  token     `envconfig:"PERCORE_TOKEN" secret:"true" example:"..."`
	Number value.Int `envconfig:"PERCORE_NUMBER" default:"1" example:"2"`
}

func load(t *testing.T, environ ...string) (*loader, *secretSpec) {
	t.Helper()
	spec := &secretSpec{}
	l := newLoader(spec, environ)
	if err := l.decode(); err != nil {
		t.Fatalf("decode %q: %v", environ, err)
	}
	return l, spec
}

func TestSecretsAreRead(t *testing.T) {
	name := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(name, []byte(" "+secretText+" \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, spec := load(t, "PERCORE_TOKEN_FILE="+name)
	if want := token(" " + secretText + " "); spec.Token != want {
		t.Errorf("a secret from a file: got %q, want %q with all its spaces", spec.Token, want)
	}
	if got := l.variable("PERCORE_TOKEN").shown(string(spec.Token)); got != mask {
		t.Errorf("a secret shown: got %q, want %q", got, mask)
	}
	if got := l.variable("PERCORE_TOKEN").shown(""); got != "" {
		t.Errorf("no secret shown: got %q, want nothing", got)
	}
}

func TestSecretsStayOutOfProblems(t *testing.T) {
	l, _ := load(t, "PERCORE_TOKEN=hunter2", "PERCORE_NUMBER=x")
	text := (&Problems{List: l.problems()}).Error()
	if strings.Contains(text, "hunter2") || !strings.Contains(text, "PERCORE_TOKEN="+mask) || !strings.Contains(text, "PERCORE_NUMBER=x") {
		t.Errorf("Problems: got %s, want the number's value and a mask for the token's", text)
	}
}

func TestSecretsStayOutOfWorkers(t *testing.T) {
	environ := []string{"PATH=/bin", "PERCORE_TOKEN=hunter2", "PERCORE_TOKEN_FILE=/run/secrets/token", "PERCORE_NUMBER=2"}
	got := environment.ForWorkers(environ, secretsAmong(variablesOf(&secretSpec{})))
	if want := []string{"PATH=/bin", "PERCORE_NUMBER=2"}; !slices.Equal(got, want) {
		t.Errorf("workers: got %q, want %q", got, want)
	}
}

func TestSecretsAreSaidToBeInTheReference(t *testing.T) {
	if v := variablesOf(&secretSpec{})[0].entry(); !v.Secret || v.Type != "text" {
		t.Errorf("describe: got %+v, want a secret text", v)
	}
}

func TestDecodeReturnsASlipInOurOwnTags(t *testing.T) {
	for name, spec := range map[string]any{
		"a default that cannot be read": &struct {
			Number value.Int `envconfig:"PERCORE_NUMBER" default:"one"`
		}{},
		"a limit that cannot be read": &struct {
			Number value.Int `envconfig:"PERCORE_NUMBER" max:"many"`
		}{},
		"a limit on a type that reads no text": &struct {
			Number int `envconfig:"PERCORE_NUMBER" max:"3"`
		}{},
	} {
		environ := []string{"PERCORE_NUMBER=1"}
		if strings.Contains(name, "default") {
			environ = nil
		}
		if err := newLoader(spec, environ).decode(); err == nil || !strings.Contains(err.Error(), "PERCORE_NUMBER") {
			t.Errorf("%s: got error %v, want one that names PERCORE_NUMBER", name, err)
		}
	}
	var notAStruct int
	l := &loader{spec: &notAStruct}
	if err := l.decode(); err == nil {
		t.Error("decode into a number: got no error, want envconfig's")
	}
}

func TestLoadLeavesTheProcessEnvironmentAlone(t *testing.T) {
	t.Setenv("PERCORE_WORKERS", "outer")
	t.Setenv("PERCORE_MODE", "outer")
	t.Setenv("PORT", "outer")
	before := slices.Sorted(slices.Values(os.Environ()))
	for name, environ := range map[string][]string{
		"a good environment":   {"PERCORE_WORKERS=3", "PERCORE_NAME=a", "PORT=5000"},
		"a faulty environment": {"PERCORE_WORKERS=x", "PERCORE_NAME=:", "PERCORE_X=1"},
		"no environment":       nil,
	} {
		cfg, _, err := Load(environ, 1000)
		if (err == nil) == strings.Contains(name, "faulty") {
			t.Errorf("%s: got error %v", name, err)
		}
		if cfg != nil && environ == nil && cfg.Workers != value.Auto {
			t.Errorf("%s: got %v workers, want auto: the process's own environment was read", name, cfg.Workers)
		}
		if after := slices.Sorted(slices.Values(os.Environ())); !slices.Equal(before, after) {
			t.Errorf("%s: got environment %q, want %q", name, after, before)
		}
	}
}
