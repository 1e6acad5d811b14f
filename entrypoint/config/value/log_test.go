package value_test

import (
	"log/slog"
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

func TestALevelLetsThroughWhatIsAsGrave(t *testing.T) {
	for level, want := range map[value.LogLevel]int{value.LogDebug: 4, value.LogInfo: 3, value.LogWarn: 2, value.LogError: 1} {
		passed := 0
		for _, message := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
			if message >= level.Level() {
				passed++
			}
		}
		if passed != want {
			t.Errorf("%s: got %d of 4 levels through, want %d", level, passed, want)
		}
	}
}
