package config_test

import (
	"strings"
	"testing"

	"percore/entrypoint/config"
)

func TestAProblemIsOneLine(t *testing.T) {
	for name, c := range map[string]struct {
		problem config.Problem
		want    string
	}{
		"a name alone":             {config.Problem{Name: "PERCORE_X", What: "is wrong"}, "PERCORE_X: is wrong"},
		"with a value":             {config.Problem{Name: "PERCORE_X", Value: "1", What: "is wrong"}, "PERCORE_X=1: is wrong"},
		"with a remedy":            {config.Problem{Name: "PERCORE_X", What: "is wrong", Mend: "unset it"}, "PERCORE_X: is wrong; unset it"},
		"a value with spaces":      {config.Problem{Name: "PERCORE_X", Value: "a b", What: "is wrong"}, `PERCORE_X="a b": is wrong`},
		"a value with a tab":       {config.Problem{Name: "PERCORE_X", Value: "a\tb", What: "is wrong"}, `PERCORE_X="a\tb": is wrong`},
		"a value with a quote":     {config.Problem{Name: "PERCORE_X", Value: `a"b`, What: "is wrong"}, `PERCORE_X="a\"b": is wrong`},
		"an escape of a terminal":  {config.Problem{Name: "PERCORE_X", Value: "\x1b[2J", What: "is wrong"}, `PERCORE_X="\x1b[2J": is wrong`},
		"a value of other scripts": {config.Problem{Name: "PERCORE_X", Value: "büro", What: "is wrong"}, "PERCORE_X=büro: is wrong"},
		"a long value": {
			config.Problem{Name: "PERCORE_X", Value: strings.Repeat("x", 100), What: "is wrong"},
			"PERCORE_X=" + strings.Repeat("x", 48) + "...: is wrong",
		},
	} {
		if got := config.Warning(c.problem).String(); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

func TestProblemsAreATable(t *testing.T) {
	one := &config.Problems{List: []config.Problem{{Name: "PERCORE_A", What: "is wrong", Mend: "unset it"}}}
	if got, want := one.Error(), "1 problem in the configuration:\n  PERCORE_A  is wrong  unset it"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	two := &config.Problems{List: []config.Problem{
		{Name: "PERCORE_A", Value: "1", What: "is wrong", Mend: "unset it"}, {Name: "PERCORE_LONGER", What: "is not a number", Mend: "write one"},
	}}
	want := "2 problems in the configuration:\n" +
		"  PERCORE_A=1     is wrong         unset it\n" +
		"  PERCORE_LONGER  is not a number  write one"
	if got := two.Error(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Examine looks on: a configuration comes with its problems, and what is faulty has its default in it.
func TestExamineGivesAConfigurationInAnyCase(t *testing.T) {
	cfg, warnings, problems, err := config.Examine([]string{"PERCORE_QUEUE_SIZE=x", "PERCORE_KEEPALIVE=7", "PERCORE_EXITCODES=2"}, []string{"app"}, someUID)
	if err != nil || len(problems) != 1 || len(warnings) != 1 {
		t.Fatalf("got problems %v, warnings %v and error %v, want one of each but the last", problems, warnings, err)
	}
	for name, want := range map[string]string{
		"PERCORE_QUEUE_SIZE": "1024 from default", "PERCORE_KEEPALIVE": "7 from environment", "PERCORE_COMMAND": "app from arguments",
		"PERCORE_NAME": `app from command the base name of "app"`,
	} {
		if got := effective(cfg, name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func TestLoadWithGivesWarningsBesideProblems(t *testing.T) {
	cfg, warnings, err := config.LoadWith([]string{"PERCORE_EXITCODES=2", "PERCORE_WORKERS=x"}, nil, someUID)
	if cfg != nil || err == nil || len(warnings) != 1 || warnings[0].Name != "PERCORE_EXITCODES" {
		t.Errorf("got %v, warnings %v and error %v, want a warning and a problem", cfg, warnings, err)
	}
}
