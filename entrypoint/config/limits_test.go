package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// faultsOf are the problems of an environment, by the names of their variables.
func faultsOf(t *testing.T, environ ...string) map[string]Problem {
	t.Helper()
	_, _, problems, err := Examine(environ, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	faults := map[string]Problem{}
	for _, p := range problems {
		faults[p.Name] = p
	}
	return faults
}

// A limit is the last value that is accepted. What lies beyond it is refused with the limit's own form.
func TestEveryLimitHolds(t *testing.T) {
	found := 0
	for _, v := range variablesOf(new(Config)) {
		for _, end := range []struct {
			tag, words string
			beyond     int64
		}{{"min", "must be at least ", -1}, {"max", "must be at most ", 1}} {
			text := v.tags.Get(end.tag)
			if text == "" {
				continue
			}
			found++
			limit, err := v.parse(text)
			if err != nil {
				t.Errorf("%s: %v", v.name, err)
				continue
			}
			if fault, faulty := faultsOf(t, v.name+"="+text)[v.name]; faulty && strings.HasPrefix(fault.What, "must be") {
				t.Errorf("%s=%s, the limit itself: got %+v", v.name, text, fault)
			}
			limit.SetInt(limit.Int() + end.beyond*step(v))
			fault := faultsOf(t, v.name+"="+fmt.Sprint(limit.Interface()))[v.name]
			limit.SetInt(limit.Int() - end.beyond*step(v))
			isRefused := strings.HasPrefix(fault.What, end.words) || fault.What != "" && v.tags.Get("min") == "1" && end.tag == "min"
			if !isRefused {
				t.Errorf("%s beyond %s: got %+v, want %s%v", v.name, text, fault, end.words, limit.Interface())
			}
		}
	}
	if found < 40 {
		t.Errorf("got %d limits, which cannot be all", found)
	}
}

// step is the least that a type's form tells apart.
func step(v variable) int64 {
	if strings.Contains(v.syntax(), "duration") {
		return 1e5 // a tenth of a millisecond
	}
	return 1
}

func TestEveryDefaultKeepsToItsLimits(t *testing.T) {
	for _, v := range variablesOf(new(Config)) {
		byDefault := v.tags.Get("default")
		if byDefault == "" {
			continue
		}
		at, err := v.parse(byDefault)
		if err != nil && v.name != "PERCORE_DIRECTORY" {
			t.Errorf("%s: %v", v.name, err)
			continue
		}
		for tag, sign := range map[string]int{"min": -1, "max": 1} {
			if text := v.tags.Get(tag); text != "" {
				if end, err := v.parse(text); err != nil || compare(at, end) == sign {
					t.Errorf("%s: the default %s lies beyond the %s, %s (%v)", v.name, byDefault, tag, text, err)
				}
			}
		}
	}
}

// The reference says of each variable what it accepts, in words that its limits and its type give.
func TestWhatVariablesAccept(t *testing.T) {
	want := map[string]string{
		"PERCORE_MODE":                   "`http`, `none`, `init`",
		"PERCORE_COMMAND":                "command line",
		"PERCORE_WORKERS":                "`auto` or number, at most 1024",
		"PERCORE_PORTS_FROM":             "number, 1 to 65535",
		"PERCORE_PRIORITY":               "number, -1000000 to 1000000",
		"PERCORE_DIRECTORY":              "text",
		"PERCORE_READY_TIMEOUT":          "duration above 0",
		"PERCORE_STOP_TIMEOUT":           "duration, at least 1s",
		"PERCORE_LAME_DUCK":              "duration",
		"PERCORE_CLIENT_MAX_HEADER_SIZE": "size, 1KB to 1MB",
		"PERCORE_CLIENT_BODY_MIN_RATE":   "size, at most 1GB",
		"PERCORE_LISTEN":                 "list of addresses",
		"PERCORE_LOGLEVEL":               "`debug`, `info`, `warn`, `error`",
		"PERCORE_STRICT":                 "boolean",
	}
	for _, v := range Reference() {
		if text, listed := want[v.Name]; listed && v.Type != text {
			t.Errorf("%s: got %s, want %s", v.Name, v.Type, text)
		}
		delete(want, v.Name)
	}
	for name := range want {
		t.Errorf("%s is no variable", name)
	}
}

func TestTheReferenceKeepsItsOrder(t *testing.T) {
	var groups []string
	for _, v := range Reference() {
		if len(groups) == 0 || groups[len(groups)-1] != v.Group {
			groups = append(groups, v.Group)
		}
	}
	if want := []string{"fleet", "front door", "mode init", "operations"}; !slices.Equal(groups, want) {
		t.Errorf("groups: got %q, want %q, each in one piece", groups, want)
	}
	names := ProgramVariables()
	if first, last := names[0], names[len(names)-1]; first != "PERCORE_COMMAND" || last != "PERCORE_LOG_PREFIX" {
		t.Errorf("variables of a program: got %s to %s, want PERCORE_COMMAND to PERCORE_LOG_PREFIX", first, last)
	}
}

// One fault keeps quiet about contradictions that may only follow from it.
func TestAFaultyVariableKeepsItsContradictionsToItself(t *testing.T) {
	for _, c := range []struct {
		name    string
		environ []string
		want    []string
	}{
		{"a contradiction", []string{"PERCORE_LAME_DUCK=20"}, []string{"PERCORE_LAME_DUCK"}},
		{"with a faulty first", []string{"PERCORE_LAME_DUCK=long"}, []string{"PERCORE_LAME_DUCK"}},
		{"with a faulty other", []string{"PERCORE_LAME_DUCK=20", "PERCORE_STOP_TIMEOUT=x"}, []string{"PERCORE_STOP_TIMEOUT"}},
		{"hops and proxies", []string{"PERCORE_TRUSTED_HOPS=1", "PERCORE_TRUSTED_PROXIES=::1"}, []string{"PERCORE_TRUSTED_HOPS"}},
		{"hops and faulty proxies", []string{"PERCORE_TRUSTED_HOPS=1", "PERCORE_TRUSTED_PROXIES=x"}, []string{"PERCORE_TRUSTED_PROXIES"}},
		{"ports", []string{"PERCORE_PORTS_FROM=8080"}, []string{"PERCORE_PORTS_FROM"}},
		{"ports and a faulty PORT", []string{"PERCORE_PORTS_FROM=8080", "PORT=x"}, []string{"PORT"}},
		{"ports and a faulty number", []string{"PERCORE_PORTS_FROM=8080", "PERCORE_WORKERS=x"}, []string{"PERCORE_WORKERS"}},
	} {
		faults := faultsOf(t, c.environ...)
		var got []string
		for name := range faults {
			got = append(got, name)
		}
		if slices.Sort(got); !slices.Equal(got, c.want) {
			t.Errorf("%s: got problems of %q, want of %q", c.name, got, c.want)
		}
	}
}
