package config

import "percore/entrypoint/config/value"

// FrontDoor is how clients are served, in nginx's vocabulary.
type FrontDoor struct {
	// addresses to serve plain HTTP on
	//
	// Default: `:$PORT` if `PORT` is set, else `:8080`
	Listen value.Listen `envconfig:"PERCORE_LISTEN" default:":8080" example:":80,[::1]:8080"`

	// public port, when `PERCORE_LISTEN` is unset; every worker finds a port of its own under this name
	Port value.Int `envconfig:"PORT" min:"1" max:"65535" example:"8080"`

	Service
	Client
	Upstream
	Queue
	Trust
	AccessLogs

	// event loops; `auto` is usable CPUs / 8, rounded up
	Loops value.Count `envconfig:"PERCORE_LOOPS" default:"auto" max:"256" example:"2"`

	// user that the front door runs as; no worker may have it
	//
	// Default: `65534:65534` when percore is root, another free uid where a worker is 65534; else inherited
	FrontUser value.User `envconfig:"PERCORE_FRONT_USER" example:"nobody:nogroup"`
}
