package config_test

import (
	"slices"
	"testing"

	"percore/entrypoint/config"
	"percore/entrypoint/config/value"
)

func TestWhereEachValueComesFrom(t *testing.T) {
	environ := []string{
		"PERCORE_WORKERS=2", "PORT=5000", "PERCORE_PROGRAMS=mailer", "PERCORE_MAILER_COMMAND=mailer {socket}", "PERCORE_USER=app", "KUBERNETES_SERVICE_HOST=x",
	}
	cfg := mustLoad(t, 0, environ...)
	cfg.UseArguments([]string{"./web"})
	for name, want := range map[string]config.Source{
		"PERCORE_WORKERS":        config.FromEnvironment,
		"PERCORE_COMMAND":        config.FromArguments,
		"PERCORE_NAME":           config.FromCommand,
		"PERCORE_GROUP":          config.FromCommand,
		"PERCORE_LISTEN":         config.FromPort,
		"PERCORE_STOP_TIMEOUT":   config.FromSurroundings,
		"PERCORE_FRONT_USER":     config.FromSurroundings,
		"PERCORE_QUEUE_SIZE":     config.FromDefault,
		"PERCORE_MAILER_USER":    config.FromFleet,
		"PERCORE_MAILER_BIND":    config.FromCommand,
		"PERCORE_MAILER_NAME":    config.FromDefault,
		"PERCORE_MAILER_WORKERS": config.FromDefault,
		"PERCORE_NOTHING":        config.FromDefault,
	} {
		s := cfg.Setting(name)
		if s.Source != want || s.Name != name || s.Value != "" {
			t.Errorf("%s: got %+v, want the source %s alone", name, s, want)
		}
		chosen := want == config.FromEnvironment || want == config.FromArguments
		if got := cfg.IsSet(name); got != chosen {
			t.Errorf("%s: got chosen by the user %t, want %t", name, got, chosen)
		}
	}
}

func TestSourcesListEveryVariableOnce(t *testing.T) {
	cfg := mustLoad(t, 0, "PERCORE_PROGRAMS=mailer,cron", "PERCORE_MAILER_COMMAND=mailer", "PERCORE_CRON_COMMAND=cron")
	seen := map[string]bool{}
	for _, s := range cfg.Sources() {
		if seen[s.Name] {
			t.Errorf("%s is there twice", s.Name)
		}
		seen[s.Name] = true
	}
	if got, want := len(seen), len(config.Reference())+2*len(config.ProgramVariables()); got != want {
		t.Errorf("got %d variables, want %d: percore's, and those of two programs", got, want)
	}
}

func TestChooseFrontUser(t *testing.T) {
	cfg := mustLoad(t, 0)
	cfg.ChooseFrontUser("65533:65533", "a worker is 65534")
	if got, want := effective(cfg, "PERCORE_FRONT_USER"), "65533:65533 from detected a worker is 65534"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if cfg.FrontUser != value.User("65533:65533") || cfg.IsSet("PERCORE_FRONT_USER") {
		t.Errorf("got %s, set by the user: %t", cfg.FrontUser, cfg.IsSet("PERCORE_FRONT_USER"))
	}
}

func TestWorkersVariables(t *testing.T) {
	cfg := mustLoad(t, 0, "PERCORE_COMMAND=./web", "PERCORE_GROUP=webs", "PERCORE_PROGRAMS=mail-in", "PERCORE_MAIL_IN_COMMAND=mail")
	for _, c := range []struct {
		group, name string
		want        []string
	}{
		{"webs", "web", []string{"WEB_CONCURRENCY", "PERCORE_WORKERS"}},
		{"mail-in", "mail-in", []string{"PERCORE_MAIL_IN_WORKERS"}},
		{"webs", "mail-in", nil},
		{"percore", "front", nil},
	} {
		if got := cfg.WorkersVariables(c.group, c.name); !slices.Equal(got, c.want) {
			t.Errorf("%s:%s: got %q, want %q", c.group, c.name, got, c.want)
		}
	}
}

func TestTaskMetadata(t *testing.T) {
	if got := mustLoad(t, 0).TaskMetadata(); got != "" {
		t.Errorf("outside of ECS: got %q", got)
	}
	const uri = "http://169.254.170.2/v4/x"
	if got := mustLoad(t, 0, "ECS_CONTAINER_METADATA_URI_V4="+uri).TaskMetadata(); got != uri {
		t.Errorf("in a task: got %q, want %s", got, uri)
	}
}

func TestNoVariableIsASecretYet(t *testing.T) {
	if got := mustLoad(t, 0).Secrets(); len(got) != 0 {
		t.Errorf("got %q: let a test in entrypoint try that no worker sees it, and no check, log or status", got)
	}
}
