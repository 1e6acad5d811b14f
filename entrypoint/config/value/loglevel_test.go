package value_test

import (
	"testing"

	"percore/entrypoint/config/value"
)

func TestLogLevels(t *testing.T) {
	for level, want := range map[value.LogLevel]string{
		value.LogDebug: "DEBUG", value.LogInfo: "INFO", value.LogWarn: "WARN", value.LogError: "ERROR", "": "INFO",
	} {
		if got := level.Level().String(); got != want {
			t.Errorf("%q: got %s, want %s", level, got, want)
		}
	}
}
