package config

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// A name that is not percore's is answered with the best that can be said of it, and only with one thing.
func TestRemedies(t *testing.T) {
	l := newLoader(new(Config), []string{"PERCORE_PORT=8080"})
	known := l.names()
	for _, c := range []struct{ name, what, mend string }{
		{"PERCORE_WORKRES", "is not a variable of percore", "did you mean PERCORE_WORKERS?"},
		{"percore_workers", "is not a variable of percore", "did you mean PERCORE_WORKERS?"},
		{"PERCORE_WORKRES_FILE", "is not a variable of percore", "did you mean PERCORE_WORKERS_FILE?"},
		{"PERCORE_THREADS", "is not a variable of percore", "use an option of the worker's command; " +
			"PERCORE_WORKER_CONCURRENCY is how many requests a worker gets at once"},
		{"PERCORE_TLS_CERT", "belongs to a later version of percore", "until then a proxy in front can do it; name it in PERCORE_TRUSTED_PROXIES"},
		{"PERCORE_MAIL_TLS_CERT", "belongs to a later version of percore", "until then a proxy in front can do it; name it in PERCORE_TRUSTED_PROXIES"},
		{"PERCORE_QUEUED_COMMAND", "is not a variable of percore", "if queued is a program, name it in PERCORE_PROGRAMS"},
		{"PERCORE_QUEUED_USER", "is not a variable of percore", "if queued is a program, name it in PERCORE_PROGRAMS"},
		{"PERCORE_SOMETHING_ELSE", "is not a variable of percore", "`percore env` lists them all"},
		{"PERCORE_PORT", "is a name that Kubernetes and Docker set", "use PERCORE_LISTEN=:8080, or PORT=8080"},
		{"\ufeffPERCORE_NAME", "begins with a byte order mark", "save the env file as UTF-8 without one, so that it is PERCORE_NAME"},
	} {
		what, mend := l.remedy(c.name, known, []string{"mail"}, "is not a variable of percore")
		if what != c.what || mend != c.mend {
			t.Errorf("%s: got %q and %q, want %q and %q", c.name, what, mend, c.what, c.mend)
		}
	}
}

func TestBareName(t *testing.T) {
	titles := []string{"mail-in", "cron"}
	for name, want := range map[string]string{
		"PERCORE_USER":              "USER",
		"percore_user":              "USER",
		"PERCORE_USER_FILE":         "USER",
		"PERCORE_CRON_USER":         "USER",
		"PERCORE_MAIL_IN_USER":      "USER",
		"PERCORE_MAIL_IN_USER_FILE": "USER",
		"PERCORE_MAIL_USER":         "MAIL_USER",
		"PERCORE_CRONS_USER":        "CRONS_USER",
		"PERCORE_":                  "",
	} {
		if got := bareName(name, titles); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

// While envconfig reads, the process's environment holds exactly what is to be read; and afterwards what it held before.
func TestWhatIsLentIsGivenBack(t *testing.T) {
	t.Setenv("PERCORE_NAME", "outer")
	t.Setenv("PERCORE_UMASK", "")
	if err := os.Unsetenv("PERCORE_GROUP"); err != nil {
		t.Fatal(err)
	}
	l := newLoader(new(Config), []string{"PERCORE_GROUP=inner", "PERCORE_NAME=inner", "OTHER_THAN_OURS=1"})
	restore := l.lend()
	for name, want := range map[string]string{"PERCORE_GROUP": "inner", "PERCORE_NAME": "inner"} {
		if got := os.Getenv(name); got != want {
			t.Errorf("%s while it is lent: got %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"PERCORE_UMASK", "PERCORE_USER", "OTHER_THAN_OURS"} {
		if got, set := os.LookupEnv(name); set {
			t.Errorf("%s while the environment is lent: got %q, want it unset", name, got)
		}
	}
	restore()
	for name, want := range map[string]string{"PERCORE_NAME": "outer", "PERCORE_UMASK": ""} {
		if got, set := os.LookupEnv(name); got != want || !set {
			t.Errorf("%s afterwards: got %q (set: %t), want %q", name, got, set, want)
		}
	}
	if got, set := os.LookupEnv("PERCORE_GROUP"); set {
		t.Errorf("PERCORE_GROUP afterwards: got %q, want it unset", got)
	}
}

func TestGroupsTellTheirVariables(t *testing.T) {
	seen := map[string]string{}
	for _, v := range variablesOf(new(Config)) {
		seen[v.name] = v.group + "/" + v.process
		if v.key != v.name {
			t.Errorf("%s: got the key %s, want the same", v.name, v.key)
		}
		if inherited := strings.Contains(v.name, "LOG") && v.group == "fleet" || slices.Contains([]string{
			"PERCORE_USER", "PERCORE_DIRECTORY", "PERCORE_UMASK", "PERCORE_REDIRECT_STDERR",
		}, v.name); inherited != v.inherited() {
			t.Errorf("%s: got inherited %t, want %t", v.name, v.inherited(), inherited)
		}
	}
	for name, want := range map[string]string{
		"PERCORE_MODE": "fleet/", "PERCORE_UMASK": "fleet/", "PERCORE_LOG_PREFIX": "fleet/", "PORT": "front door/front",
		"PERCORE_QUEUE_SIZE": "front door/front", "PERCORE_ACCESS_LOG": "front door/front", "PERCORE_WAIT_ALL": "mode init/", "PERCORE_STRICT": "operations/",
	} {
		if seen[name] != want {
			t.Errorf("%s: got group and process %s, want %s", name, seen[name], want)
		}
	}
}

func TestAFurtherProgramsVariablesKeepTheirTags(t *testing.T) {
	f := &Further{Title: "mail-in.2"}
	for _, v := range f.variables() {
		if v.name != "PERCORE_MAIL_IN_2_"+strings.TrimPrefix(v.key, "PERCORE_") {
			t.Errorf("%s: got the name %s", v.key, v.name)
		}
		if v.effect().Words() == "" || describe(v.key).meaning == "" {
			t.Errorf("%s: got effect %q and meaning %q, want the fleet's", v.name, v.effect(), describe(v.key).meaning)
		}
	}
}

func TestDescribe(t *testing.T) {
	if got := describe("PERCORE_NOTHING"); got != (description{}) {
		t.Errorf("a name that is none: got %+v", got)
	}
	for i, d := range prose {
		if i > 0 && prose[i-1].name >= d.name {
			t.Errorf("%s comes behind %s: the search goes by their order", d.name, prose[i-1].name)
		}
		if got := describe(d.name); got != d {
			t.Errorf("%s: got %+v", d.name, got)
		}
		if !strings.HasSuffix(d.meaning, ".") || strings.Contains(d.meaning, "  ") {
			t.Errorf("%s: %q is not made of sentences", d.name, d.meaning)
		}
	}
}
