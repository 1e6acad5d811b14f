package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"percore/entrypoint/config"
)

// Each variable goes the same ways, so the tests here go over all of them: a new one is tried without a line of its own.

// needed is what has to be set beside a variable for its example to be accepted.
func needed(name string) []string {
	if name == "PERCORE_PROGRAMS" {
		return []string{"PERCORE_MAILER_COMMAND=mailer", "PERCORE_CRON_COMMAND=cron"}
	}
	return nil
}

// withExample is an environment in which a variable has its example.
func withExample(v config.Variable) []string { return append(needed(v.Name), v.Name+"="+v.Example) }

func settingOf(cfg *config.Config, name string) config.Setting {
	list := cfg.Sources()
	at := slices.IndexFunc(list, func(s config.Setting) bool { return s.Name == name })
	if at < 0 {
		return config.Setting{}
	}
	return list[at]
}

func TestEveryVariableIsReadFromTheEnvironment(t *testing.T) {
	for _, v := range config.Reference() {
		cfg, _, err := config.Load(withExample(v), 0)
		if err != nil {
			t.Errorf("%s: %v", v.Name, err)
			continue
		}
		s := settingOf(cfg, v.Name)
		if s.Source != config.FromEnvironment || s.Value == "" || s.Reason != "" || !cfg.IsSet(v.Name) {
			t.Errorf("%s: got %+v, want a value from the environment", v.Name, s)
		}
		again, _, err := config.Load(append(needed(v.Name), v.Name+"="+s.Value), 0)
		if err != nil || settingOf(again, v.Name).Value != s.Value {
			t.Errorf("%s: what is written of it, %q, reads as %+v with error %v", v.Name, s.Value, settingOf(again, v.Name), err)
		}
	}
}

func TestEveryVariableIsReadFromAFile(t *testing.T) {
	dir := t.TempDir()
	for _, v := range config.Reference() {
		if !strings.HasPrefix(v.Name, "PERCORE_") {
			continue // the bare names have no twin
		}
		file := filepath.Join(dir, v.Name)
		if err := os.WriteFile(file, []byte(v.Example+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, _, err := config.Load(append(needed(v.Name), v.Name+"_FILE="+file), 0)
		if err != nil {
			t.Errorf("%s: %v", v.Name, err)
			continue
		}
		direct := settingOf(mustLoadAny(t, withExample(v)), v.Name)
		if s := settingOf(cfg, v.Name); s.Source != config.FromFile || s.Reason != file || s.Value != direct.Value {
			t.Errorf("%s: got %+v, want the value %q from %s", v.Name, s, direct.Value, file)
		}
		_, _, err = config.Load(append(withExample(v), v.Name+"_FILE="+file), 0)
		if err == nil || !strings.Contains(err.Error(), "is set, and so is "+v.Name+"_FILE") {
			t.Errorf("%s and its file: got error %v, want one that names both", v.Name, err)
		}
	}
}

// mustLoadAny loads an environment whose warnings do not matter.
func mustLoadAny(t *testing.T, environ []string) *config.Config {
	t.Helper()
	cfg, _, err := config.Load(environ, 0)
	if err != nil {
		t.Fatalf("Load(%q): %v", environ, err)
	}
	return cfg
}

func TestEveryVariableMayBeEmpty(t *testing.T) {
	unset := mustLoad(t, 0)
	for _, v := range config.Reference() {
		for _, nothing := range []string{"", "  ", "\r"} {
			cfg := mustLoad(t, 0, v.Name+"="+nothing)
			if got, want := settingOf(cfg, v.Name), settingOf(unset, v.Name); got != want {
				t.Errorf("%s=%q: got %+v, want what holds without it, %+v", v.Name, nothing, got, want)
			}
		}
	}
}

func TestEveryVariableIsTrimmed(t *testing.T) {
	for _, v := range config.Reference() {
		environ := append(needed(v.Name), v.Name+"= \t"+v.Example+"\r\n")
		cfg, _, err := config.Load(environ, 0)
		if err != nil {
			t.Errorf("%s: %v", v.Name, err)
			continue
		}
		if got, want := settingOf(cfg, v.Name), settingOf(mustLoadAny(t, withExample(v)), v.Name); got != want {
			t.Errorf("%s: got %+v with white space around it, want %+v", v.Name, got, want)
		}
	}
}

// The quotes of an env file are no part of a value, and are told from quotes that a command needs.
func TestQuotesAroundEveryVariableAreNoticed(t *testing.T) {
	for _, v := range config.Reference() {
		for _, quote := range []string{`"`, "'"} {
			_, _, err := config.Load(append(needed(v.Name), v.Name+"="+quote+v.Example+quote), 0)
			if v.Type == "command line" && !strings.Contains(v.Example, " ") {
				continue
			}
			if err == nil || !strings.Contains(err.Error(), v.Name) || !strings.Contains(err.Error(), "quotes") {
				t.Errorf("%s in %s: got error %v, want one about the quotes", v.Name, quote, err)
			}
		}
		if _, _, err := config.Load(append(needed(v.Name), v.Name+"=\ufeff"+v.Example), 0); err == nil || !strings.Contains(err.Error(), "byte order mark") {
			t.Errorf("%s behind a byte order mark: got error %v, want one about it", v.Name, err)
		}
	}
}

// A slip in a name is found, and the right one proposed, unless the slip makes another name of it.
func TestASlipInEveryNameIsFound(t *testing.T) {
	names := map[string]bool{}
	for _, v := range config.Reference() {
		names[v.Name] = true
	}
	for name := range names {
		if !strings.HasPrefix(name, "PERCORE_") || len(name) < len("PERCORE_ABCDEF") {
			continue // in a short name a slip may be a word of its own
		}
		wrong := name[:len(name)-2] + name[len(name)-1:] // the last letter but one is left out
		if names[wrong] {
			continue
		}
		_, _, err := config.Load([]string{wrong + "=1"}, 0)
		if err == nil || !strings.Contains(err.Error(), "did you mean "+name+"?") && !strings.Contains(err.Error(), "use PERCORE_") {
			t.Errorf("%s: got error %v, want one that names %s", wrong, err, name)
		}
	}
}

func TestEveryVariableOfAProgramIsOneOfAFurtherProgram(t *testing.T) {
	base := []string{"PERCORE_PROGRAMS=mailer", "PERCORE_MAILER_COMMAND=mailer", "PERCORE_MAILER_PORTS_FROM=9000"}
	plain := mustLoad(t, 0, base...)
	for _, v := range config.Reference() {
		if !slices.Contains(config.ProgramVariables(), v.Name) {
			continue
		}
		further := "PERCORE_MAILER_" + strings.TrimPrefix(v.Name, "PERCORE_")
		environ := append(slices.DeleteFunc(slices.Clone(base), func(a string) bool { return strings.HasPrefix(a, further+"=") }), further+"="+v.Example)
		cfg, _, err := config.Load(environ, 0)
		if err != nil {
			t.Errorf("%s: %v", further, err)
			continue
		}
		want := settingOf(mustLoadAny(t, withExample(v)), v.Name).Value
		if got := settingOf(cfg, further); got.Value != want || got.Source != config.FromEnvironment {
			t.Errorf("%s: got %+v, want %q from the environment", further, got, want)
		}
		if got, want := settingOf(cfg, v.Name), settingOf(plain, v.Name); got != want {
			t.Errorf("%s: the fleet's is %+v, want %+v as without it", further, got, want)
		}
	}
}

// A further program has the fleet's user, folder, umask and logs, and nothing else of it.
func TestWhatAFurtherProgramTakesOver(t *testing.T) {
	inherited := []string{"PERCORE_USER", "PERCORE_DIRECTORY", "PERCORE_UMASK"}
	for _, v := range config.Reference() {
		if !slices.Contains(config.ProgramVariables(), v.Name) {
			continue
		}
		isLog := strings.Contains(v.Name, "LOGFILE") || v.Name == "PERCORE_REDIRECT_STDERR" || v.Name == "PERCORE_LOG_PREFIX"
		further := "PERCORE_MAILER_" + strings.TrimPrefix(v.Name, "PERCORE_")
		cfg := mustLoadAny(t, append(withExample(v), "PERCORE_PROGRAMS=mailer", "PERCORE_MAILER_COMMAND=mailer"))
		got := settingOf(cfg, further)
		if wanted := isLog || slices.Contains(inherited, v.Name); wanted != (got.Source == config.FromFleet) {
			t.Errorf("%s: got %+v, want it taken over from the fleet: %t", further, got, wanted)
		} else if wanted && got.Value != settingOf(cfg, v.Name).Value {
			t.Errorf("%s: got the value %q, want the fleet's, %q", further, got.Value, settingOf(cfg, v.Name).Value)
		}
	}
}

func TestEveryChangeOfAVariableIsADifference(t *testing.T) {
	before := mustLoad(t, 0)
	for _, v := range config.Reference() {
		after := mustLoadAny(t, withExample(v))
		isSame := settingOf(before, v.Name).Value == settingOf(after, v.Name).Value
		list := config.Differences(before, after)
		at := slices.IndexFunc(list, func(d config.Difference) bool { return d.Name == v.Name })
		switch {
		case isSame && at >= 0:
			t.Errorf("%s: got the difference %+v between equal values", v.Name, list[at])
		case !isSame && at < 0:
			t.Errorf("%s: got no difference for %s", v.Name, v.Example)
		case !isSame && (list[at].Effect != v.Effect || list[at].Change != v.Change || list[at].To != settingOf(after, v.Name).Value):
			t.Errorf("%s: got %+v, want the effect %s", v.Name, list[at], v.Effect)
		}
	}
}
