package config

import "percore/entrypoint/config/value"

// AccessLogs are the lines that requests leave.
type AccessLogs struct {
	// format of the line that each request leaves
	AccessLog value.AccessLog `envconfig:"PERCORE_ACCESS_LOG" default:"off" example:"json" effect:"live"`

	// share of the requests that leave a line; those answered with 400 or more, or cut off, always do, so that `0`
	// is errors only
	AccessLogSample value.Share `envconfig:"PERCORE_ACCESS_LOG_SAMPLE" default:"1" example:"0.01" effect:"live"`

	// paths whose requests leave a line only when they are answered with 400 or more, or cut off; one that ends in
	// a slash stands for all below it
	//
	// Default: none
	AccessLogExclude value.Paths `envconfig:"PERCORE_ACCESS_LOG_EXCLUDE" example:"/healthz,/static/" effect:"live"`
}
