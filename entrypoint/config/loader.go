package config

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/kelseyhightower/envconfig"

	"percore/entrypoint/config/environment"
	"percore/entrypoint/config/suggest"
	"percore/entrypoint/config/value"
)

// loader fills a tagged struct from an environment and collects what is wrong with it on the way.
type loader struct {
	spec     any
	vars     []variable
	env      environment.Snapshot
	settings map[string]Setting // what is set and not found faulty
	faults   map[string]Problem
	further  []variable // of the programs that PERCORE_PROGRAMS names
}

// newLoader gathers the settings of the struct that spec points to.
func newLoader(spec any, environ []string) *loader {
	return (&loader{env: environment.Take(environ)}).below(spec, variablesOf(spec))
}

// below makes a loader of another struct out of the same environment.
func (l *loader) below(spec any, vars []variable) *loader {
	l = &loader{spec: spec, vars: vars, env: l.env, settings: map[string]Setting{}, faults: map[string]Problem{}}
	for _, v := range l.vars {
		given, err := l.env.Find(v.name, v.secret())
		switch {
		case err != nil && !given.Found:
			twin := v.name + environment.FileSuffix
			l.faults[v.name] = Problem{
				Name: twin, Value: l.env[twin], What: err.Error(), Mend: "name a readable file, or unset " + twin,
			}
		case err != nil:
			l.faults[v.name] = Problem{Name: v.name, What: err.Error(), Mend: "unset one of them"}
		case given.File != "":
			l.settings[v.name] = Setting{Name: v.name, Value: given.Text, Source: FromFile, Reason: given.File}
		case given.Found:
			l.settings[v.name] = Setting{Name: v.name, Value: given.Text, Source: FromEnvironment}
		}
	}
	return l
}

// isSet reports whether a variable was given a value, a faulty one included.
func (l *loader) isSet(name string) bool {
	_, faulty := l.faults[name]
	_, set := l.settings[name]
	return faulty || set
}

// all yields the variables, then those of further programs.
func (l *loader) all() iter.Seq[*variable] {
	return func(yield func(*variable) bool) {
		for _, list := range [...][]variable{l.vars, l.further} {
			for i := range list {
				if !yield(&list[i]) {
					return
				}
			}
		}
	}
}

// names lists the variables' names that start with our prefix.
func (l *loader) names() []string {
	var names []string
	for v := range l.all() {
		if strings.HasPrefix(v.name, environment.Prefix) {
			names = append(names, v.name)
		}
	}
	return names
}

// variable finds a variable by its name, which has to be one of l's.
func (l *loader) variable(name string) variable {
	return l.vars[slices.IndexFunc(l.vars, func(v variable) bool { return v.name == name })]
}

// decode has envconfig fill the struct. It stops at its first error, so what it rejects is noted and left out of the
// next round, until a round is clean.
func (l *loader) decode() error {
	defer l.lend()()
	for {
		err := envconfig.Process("", l.spec)
		if err == nil {
			break
		}
		var parse *envconfig.ParseError
		if !errors.As(err, &parse) {
			return fmt.Errorf("read environment: %w", err)
		}
		name := l.vars[slices.IndexFunc(l.vars, func(v variable) bool { return v.key == parse.KeyName })].name
		if _, set := l.settings[name]; !set {
			return fmt.Errorf("read default of %s: %w", name, parse.Err) // a slip in our own tags
		}
		l.reject(name, parse.Err)
		os.Unsetenv(parse.KeyName) //nolint:errcheck // fails for names that Setenv has refused before
	}
	for _, v := range l.vars {
		if err := l.limit(v); err != nil {
			return err
		}
	}
	return nil
}

// lend makes the process's own environment hold exactly the settings, under the names in the struct, because envconfig
// reads no other; and returns what puts everything back. No child can see the difference: percore hands every child an
// environment of its own making, see WorkerEnviron, and nothing else in it reads these names.
func (l *loader) lend() (restore func()) {
	saved := map[string]string{}
	for _, v := range l.vars {
		if value, had := os.LookupEnv(v.key); had {
			saved[v.key] = value
		}
		if s, set := l.settings[v.name]; set {
			os.Setenv(v.key, s.Value) //nolint:errcheck // neither name nor value holds a NUL or an equals sign
		} else {
			os.Unsetenv(v.key) //nolint:errcheck // as above
		}
	}
	return func() {
		for _, v := range l.vars {
			if value, had := saved[v.key]; had {
				os.Setenv(v.key, value) //nolint:errcheck // it was there before
			} else {
				os.Unsetenv(v.key) //nolint:errcheck // as above
			}
		}
	}
}

// reject notes a fault in a setting and forgets the setting. Nothing of a secret is said: what is wrong could quote
// the value.
func (l *loader) reject(name string, err error) {
	v := l.variable(name)
	given := l.settings[name]
	delete(l.settings, name)
	what, mend := err.Error(), "for example "+name+"="+shellQuoted(v.tags.Get("example"))
	stray, bare := strayMarks(v, given.Value)
	var meant *value.MeantError
	switch later := suggest.LaterValue(v.key, given.Value); {
	case v.secret():
		what = "is not acceptable"
	case stray != "":
		what, mend = stray, "write "+name+"="+shellQuoted(bare)
	case errors.As(err, &meant) && meant.Value != "":
		mend = "did you mean " + name + "=" + shellQuoted(meant.Value) + "?"
	case later != "":
		mend = later
	}
	if given.Source == FromFile {
		what += " (read from " + given.Reason + ")"
	}
	l.faults[name] = Problem{Name: name, Value: v.shown(given.Value), What: what, Mend: mend}
}

func shellQuoted(value string) string {
	if strings.Contains(value, " ") {
		return `"` + value + `"`
	}
	return value
}

// limit holds a setting that could be read against the min and max of its tags. The error is a slip in these.
func (l *loader) limit(v variable) error {
	given, set := l.settings[v.name]
	if !set {
		return nil
	}
	if stray, _ := strayMarks(v, given.Value); stray != "" {
		l.reject(v.name, errors.New(stray))
		return nil
	}
	for _, bound := range []struct {
		tag, what string
		sign      int
	}{{"min", "must be at least", -1}, {"max", "must be at most", 1}} {
		text := v.tags.Get(bound.tag)
		if text == "" {
			continue
		}
		end, err := v.parse(text)
		if err != nil {
			return err
		}
		if compare(v.field, end) == bound.sign {
			l.reject(v.name, fmt.Errorf("%s %v", bound.what, end.Interface()))
			return nil
		}
	}
	return nil
}

// compare orders two values of the same integer kind.
func compare(a, b reflect.Value) int {
	switch x, y := a.Int(), b.Int(); {
	case x < y:
		return -1
	case x > y:
		return 1
	default:
		return 0
	}
}

// problems lists the faults in the order of the struct.
func (l *loader) problems() []Problem {
	var list []Problem
	for v := range l.all() {
		if fault, ok := l.faults[v.name]; ok {
			list = append(list, fault)
		}
	}
	return list
}
