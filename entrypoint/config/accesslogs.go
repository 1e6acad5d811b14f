package config

import "percore/entrypoint/config/value"

// AccessLogs are the lines that requests leave.
type AccessLogs struct {
	// Format of the line that each request leaves.
	AccessLog value.AccessLog `envconfig:"PERCORE_ACCESS_LOG" default:"off" example:"json" effect:"live"`

	// Share of the requests that leave a line. A request that is answered with 400 or more, or cut off, always
	// leaves one, so `0` logs errors only.
	AccessLogSample value.Share `envconfig:"PERCORE_ACCESS_LOG_SAMPLE" default:"1" example:"0.01" effect:"live"`

	// Paths whose requests leave a line only when they are answered with 400 or more, or cut off. A path that ends
	// in a slash stands for all below it.
	//
	// Default: none
	AccessLogExclude value.Paths `envconfig:"PERCORE_ACCESS_LOG_EXCLUDE" example:"/healthz,/static/" effect:"live"`
}
