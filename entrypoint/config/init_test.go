package config_test

import (
	"strings"
	"testing"

	"percore/entrypoint/config"
	"percore/entrypoint/config/value"
)

func TestLoadInitMindsItsOwnBusiness(t *testing.T) {
	tests := []struct {
		name    string
		environ []string
		problem string
	}{
		{"no environment", nil, ""},
		{"a PORT of the child's that is no number", []string{"PORT=tcp://10.0.0.1", "PERCORE_WAIT_ALL=true"}, ""},
		{"a WEB_CONCURRENCY of the child's", []string{"WEB_CONCURRENCY=many", "PERCORE_WAIT_ALL=true"}, ""},
		{"ports that no worker needs", []string{"PERCORE_PORTS_FROM=65535", "PERCORE_WORKERS=9"}, ""},
		{"another mode", []string{"PERCORE_MODE=http"}, ""},
		{"entries that are no variables", []string{"NOTHING", "=C:=x", "PERCORE_KILL_TREE=yes"}, ""},
		{"a misspelt name", []string{"PERCORE_WAIT_AL=true"}, "PERCORE_WAIT_ALL"},
		{"a malformed value", []string{"PERCORE_PDEATHSIG=x"}, "PERCORE_PDEATHSIG"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg, _, err := config.LoadInit(tt.environ, 0)
			if tt.problem != "" {
				if err == nil || !strings.Contains(err.Error(), tt.problem) {
					t.Errorf("got error %v, want one that names %s", err, tt.problem)
				}
				return
			}
			if err != nil || cfg.Mode != value.ModeInit {
				t.Errorf("got %+v and %v, want mode init", cfg, err)
			}
		})
	}
}

func TestLoadInitReadsWhatCountsThere(t *testing.T) {
	cfg, _, err := config.LoadInit([]string{
		"PERCORE_EXIT_REMAP=143:0", "PERCORE_SIGNAL_MAP=TERM:QUIT", "PERCORE_SIGNAL_GROUP=true", "PERCORE_KILL_TREE=1",
		"PERCORE_WAIT_ALL=on", "PERCORE_PDEATHSIG=KILL", "PERCORE_STOP_TIMEOUT=3", "PERCORE_COMMAND=sleep 1",
	}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.ExitRemap[143] != 0 || len(cfg.ExitRemap) != 1 || cfg.SignalMap[15] != 3 || !bool(cfg.SignalGroup) || !bool(cfg.KillTree) ||
		!bool(cfg.WaitAll) || cfg.Pdeathsig != 9 || cfg.StopTimeout.String() != "3s" || len(cfg.Command.Words) != 2 {
		t.Errorf("got %+v", cfg)
	}
}

func TestWhoWantsModeInit(t *testing.T) {
	for environ, want := range map[string]bool{
		"PERCORE_MODE=init": true, "PERCORE_MODE= INIT ": true, "PERCORE_MODE=http": false, "PERCORE_MODE=": false, "MODE=init": false,
	} {
		if got := config.WantsInit([]string{"A=1", environ}); got != want {
			t.Errorf("WantsInit with %q: got %v, want %v", environ, got, want)
		}
	}
}

// An environment without a variable of percore's is not even read: most containers of mode init have none.
func TestLoadInitOfNothing(t *testing.T) {
	for _, environ := range [][]string{nil, {"HOME=/root", "PORT=x"}, {"PERCORE_MODE=init"}, {"PERCORE", "PERCOREX=1"}} {
		cfg, warnings, err := config.LoadInit(environ, 0)
		if err != nil || len(warnings) != 0 || cfg.Mode != value.ModeInit {
			t.Errorf("%q: got %+v, warnings %v and error %v, want mode init and nothing else", environ, cfg, warnings, err)
		}
		if cfg.StopTimeout != 0 || len(cfg.Command.Words) != 0 {
			t.Errorf("%q: got %s and %q, want that nothing was loaded", environ, cfg.StopTimeout, cfg.Command.Words)
		}
	}
}

func TestLoadInitGoesByItsOwnMode(t *testing.T) {
	for _, environ := range [][]string{
		{"PERCORE_MODE=http", "PERCORE_WAIT_ALL=on"}, {"PERCORE_MODE=nonsense", "PERCORE_WAIT_ALL=on"}, {"PERCORE_MODE_FILE=/nowhere", "PERCORE_WAIT_ALL=on"},
	} {
		cfg, _, err := config.LoadInit(environ, 0)
		if err != nil || cfg.Mode != value.ModeInit || !bool(cfg.WaitAll) {
			t.Errorf("%q: got %+v and error %v, want mode init with WAIT_ALL", environ, cfg, err)
		}
	}
}

func TestWhatIsWrongInModeInitIsSaidAsElsewhere(t *testing.T) {
	for environ, want := range map[string]string{
		"PERCORE_SIGNAL_MAP=TERM":  "PERCORE_SIGNAL_MAP=TERM",
		"PERCORE_EXIT_REMAP=x":     "PERCORE_EXIT_REMAP=x",
		"PERCORE_KILLTREE=1":       "did you mean PERCORE_KILL_TREE?",
		"PERCORE_STOP_TIMEOUT=0":   "must be at least 1s",
		"percore_wait_all=1":       "did you mean PERCORE_WAIT_ALL?",
		"PERCORE_PDEATHSIG=SIGFOO": "is not a signal",
	} {
		if _, _, err := config.LoadInit([]string{environ}, 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want one with %q", environ, err, want)
		}
	}
}
