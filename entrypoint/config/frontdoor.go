package config

import "percore/entrypoint/config/value"

// FrontDoor is how clients are served, in nginx's vocabulary.
type FrontDoor struct {
	// Addresses to serve plain HTTP on.
	//
	// Default: `:$PORT` if `PORT` is set, else `:8080`
	//
	// Fixed: listening sockets are opened before privileges are given up
	Listen value.Listen `envconfig:"PERCORE_LISTEN" default:":8080" example:":80,[::1]:8080" effect:"container"`

	// Public port, when `PERCORE_LISTEN` is unset. Each worker finds a port of its own under this name.
	//
	// Fixed: listening sockets are opened before privileges are given up
	Port value.Int `envconfig:"PORT" min:"1" max:"65535" example:"8080" effect:"container"`

	Service
	Client
	Holding
	Upstream
	Queue
	Trust
	AccessLogs

	// Number of event loops. `auto` is one for every 8 CPUs that percore may use, rounded up.
	//
	// Fixed: every loop has listening sockets of its own
	Loops value.Count `envconfig:"PERCORE_LOOPS" default:"auto" max:"256" example:"2" effect:"container"`

	// User of the front door. No worker may have the same.
	//
	// Default: `65534:65534` when percore is root, or another free uid where a worker is 65534; else inherited
	//
	// Fixed: the front door has given up its privileges
	FrontUser value.User `envconfig:"PERCORE_FRONT_USER" example:"nobody:nogroup" effect:"container"`
}
