package config_test

import (
	"strings"
	"testing"

	"percore/entrypoint/config"
	"percore/entrypoint/config/value"
)

func TestWhatIsWrongWithASettingOfHeldBodies(t *testing.T) {
	for assignment, want := range map[string]string{
		"PERCORE_TEMP_SIZE=1MB":                    "",
		"PERCORE_TEMP_SIZE=0":                      "must be at least 1MB; for example PERCORE_TEMP_SIZE=256MB",
		"PERCORE_TEMP_SIZE=1023KB":                 "must be at least 1MB",
		"PERCORE_TEMP_SIZE=half":                   "is not a size",
		"PERCORE_PROXY_MAX_TEMP_FILE_SIZE=0":       "",
		"PERCORE_PROXY_MAX_TEMP_FILE_SIZE=-1":      "is not a size",
		"PERCORE_PROXY_REQUEST_BUFFERING=off":      "",
		"PERCORE_PROXY_REQUEST_BUFFERING=1MB":      "is not a boolean",
		"PERCORE_PROXY_BUFFERING=no":               "",
		"PERCORE_CLIENT_BODY_TEMP_PATH=/a/b":       "",
		"PERCORE_CLIENT_BODY_TEMP_PATH=memory":     "",
		"PERCORE_CLIENT_BODY_TEMP_PATH=off":        "is neither an absolute path nor memory; for example PERCORE_CLIENT_BODY_TEMP_PATH=/var/tmp",
		"PERCORE_CLIENT_BODY_TEMP_PATH=/spool 1 2": "write the path alone",
		"PERCORE_CLIENT_BODY_BUFFER_SIZE=17MB":     "must be at most 16MB",
	} {
		got := strings.Join(problemsOf(t, assignment), "\n")
		if (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", assignment, got, want)
		}
	}
}

func TestWhetherAnyBodyMayBeHeldInAFile(t *testing.T) {
	for environ, want := range map[string]bool{
		"":                                    true,
		"PERCORE_PROXY_BUFFERING=off":         true,
		"PERCORE_CLIENT_MAX_BODY_SIZE=0":      true,
		"PERCORE_PROXY_MAX_TEMP_FILE_SIZE=0":  true,
		"PERCORE_PROXY_REQUEST_BUFFERING=off": true,
		"PERCORE_PROXY_REQUEST_BUFFERING=off PERCORE_PROXY_BUFFERING=off":        false,
		"PERCORE_PROXY_REQUEST_BUFFERING=off PERCORE_PROXY_MAX_TEMP_FILE_SIZE=0": false,
	} {
		if got := mustLoadAny(t, strings.Fields(environ)).HoldsInFiles(); got != want {
			t.Errorf("%q: got %t, want %t", environ, got, want)
		}
	}
}

// Where bodies are held is shown as what it is: found on the machine, and not set.
func TestAPlaceForBodiesThatWasFoundIsNotSet(t *testing.T) {
	const name = "PERCORE_CLIENT_BODY_TEMP_PATH"
	cfg := mustLoad(t, 0)
	if got := settingOf(cfg, name); got != (config.Setting{Name: name, Source: config.FromDefault}) || cfg.IsSet(name) {
		t.Errorf("before it is looked for: got %+v, set %t", got, cfg.IsSet(name))
	}
	cfg.ChooseTempPath(value.TempMemory, "/tmp cannot be written")
	want := config.Setting{Name: name, Value: "memory", Source: config.FromSurroundings, Reason: "/tmp cannot be written"}
	if got := settingOf(cfg, name); got != want || cfg.IsSet(name) || cfg.ClientBodyTempPath.Folder() != "" {
		t.Errorf("then: got %+v, set %t, want %+v, not set", got, cfg.IsSet(name), want)
	}
}

func TestTheNamesOfOthersForHeldBodies(t *testing.T) {
	for name, want := range map[string]string{
		"PERCORE_PROXY_TEMP_PATH": "use PERCORE_CLIENT_BODY_TEMP_PATH", "PERCORE_TMPDIR": "use PERCORE_CLIENT_BODY_TEMP_PATH",
		"PERCORE_REQUEST_BUFFERING": "use PERCORE_PROXY_REQUEST_BUFFERING", "PERCORE_UWSGI_BUFFERING": "use PERCORE_PROXY_BUFFERING",
		"PERCORE_MAX_TEMP_FILE_SIZE": "did you mean PERCORE_PROXY_MAX_TEMP_FILE_SIZE?",
	} {
		if got := strings.Join(problemsOf(t, name+"=x"), "\n"); !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
