package value

import "log/slog"

// Bind is PERCORE_BIND: on what the workers listen.
type Bind string

// What workers listen on.
const (
	BindTCP  Bind = "tcp"
	BindUnix Bind = "unix"
)

// Autorestart is PERCORE_AUTORESTART, with supervisord's values.
type Autorestart string

// When a worker that ended is started again.
const (
	RestartAlways     Autorestart = "true"
	RestartUnexpected Autorestart = "unexpected" // unless its code is one of PERCORE_EXITCODES
	RestartNever      Autorestart = "false"
)

// Balance is PERCORE_BALANCE: which ready worker gets a request.
type Balance string

// The ways to balance, by nginx's names.
const (
	LeastConn  Balance = "least_conn"
	RoundRobin Balance = "round_robin"
	IPHash     Balance = "ip_hash"
	Random     Balance = "random"
)

// NextUpstream is PERCORE_PROXY_NEXT_UPSTREAM: what sends a request on to another worker.
type NextUpstream string

// When another worker is tried.
const (
	NextUpstreamError NextUpstream = "error"
	NextUpstreamOff   NextUpstream = "off"
)

// AccessLog is PERCORE_ACCESS_LOG.
type AccessLog string

// The formats of the access log.
const (
	AccessLogOff      AccessLog = "off"
	AccessLogCombined AccessLog = "combined" // nginx's and Apache's
	AccessLogJSON     AccessLog = "json"
)

// LogLevel is PERCORE_LOGLEVEL.
type LogLevel string

// The levels of percore's own log.
const (
	LogDebug LogLevel = "debug"
	LogInfo  LogLevel = "info"
	LogWarn  LogLevel = "warn"
	LogError LogLevel = "error"
)

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
