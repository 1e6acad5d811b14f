package config

import "percore/entrypoint/config/value"

// Logs are where the output of a program goes.
type Logs struct {
	// Whether stderr goes where stdout goes, in the order of the writes.
	RedirectStderr value.Bool `envconfig:"PERCORE_REDIRECT_STDERR" default:"false" example:"true" effect:"roll"`

	// File to which the stdout of the workers is appended. In it `{name}`, `{index}` and `{port}` are replaced for
	// each worker. `NONE`: it is thrown away. `AUTO`, `/dev/stdout`, `/dev/stderr`: it goes to percore's own.
	//
	// Default: stdout of percore
	StdoutLogfile value.LogFile `envconfig:"PERCORE_STDOUT_LOGFILE" example:"/var/log/app/{name}.log" effect:"roll"`

	// Size at which that file becomes FILE.1, FILE.1 becomes FILE.2 and so on. 0: never.
	StdoutLogfileMaxbytes value.Size `envconfig:"PERCORE_STDOUT_LOGFILE_MAXBYTES" default:"50MB" example:"10MB" effect:"roll"`

	// How many of these are kept. 0: the file is emptied instead.
	StdoutLogfileBackups value.Int `envconfig:"PERCORE_STDOUT_LOGFILE_BACKUPS" default:"10" min:"0" max:"1000" example:"3" effect:"roll"`

	// The same for stderr.
	//
	// Default: stderr of percore
	StderrLogfile value.LogFile `envconfig:"PERCORE_STDERR_LOGFILE" example:"/var/log/app/{name}.err" effect:"roll"`

	// The same for stderr.
	StderrLogfileMaxbytes value.Size `envconfig:"PERCORE_STDERR_LOGFILE_MAXBYTES" default:"50MB" example:"10MB" effect:"roll"`

	// The same for stderr.
	StderrLogfileBackups value.Int `envconfig:"PERCORE_STDERR_LOGFILE_BACKUPS" default:"10" min:"0" max:"1000" example:"3" effect:"roll"`

	// What is put around each line of a worker. `true`: `NAME-PORT: ` before it. `json`: a JSON object with
	// `time`, `level`, `msg`, `process` and `stream`.
	LogPrefix value.LogPrefix `envconfig:"PERCORE_LOG_PREFIX" default:"false" example:"true" effect:"roll"`
}
