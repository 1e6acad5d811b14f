package value

import "log/slog"

// LogLevel is PERCORE_LOGLEVEL.
type LogLevel string

// The levels of percore's own log.
const (
	LogDebug LogLevel = "debug"
	LogInfo  LogLevel = "info"
	LogWarn  LogLevel = "warn"
	LogError LogLevel = "error"
)

// Choices are the words that UnmarshalText takes.
func (LogLevel) Choices() []string { return wordsOf(LogDebug, LogInfo, LogWarn, LogError) }

// UnmarshalText reads one of Choices, in any case.
func (l *LogLevel) UnmarshalText(text []byte) error { return choose(l, text, l.Choices()) }

// Level is l in slog's terms; the zero LogLevel is info.
func (l LogLevel) Level() slog.Level {
	switch l {
	case LogDebug:
		return slog.LevelDebug
	case LogWarn:
		return slog.LevelWarn
	case LogError:
		return slog.LevelError
	case LogInfo:
		return slog.LevelInfo
	default:
		return slog.LevelInfo
	}
}

// LogFormat is PERCORE_LOG_FORMAT.
type LogFormat string

// The formats of percore's own log.
const (
	LogAuto LogFormat = "auto" // text on a terminal, else JSON
	LogText LogFormat = "text"
	LogJSON LogFormat = "json"
)

// Choices are the words that UnmarshalText takes.
func (LogFormat) Choices() []string { return wordsOf(LogAuto, LogText, LogJSON) }

// UnmarshalText reads one of Choices, in any case.
func (f *LogFormat) UnmarshalText(text []byte) error { return choose(f, text, f.Choices()) }
