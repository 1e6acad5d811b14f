package config

import "percore/entrypoint/config/value"

// Service is which worker gets a request, and what becomes of one that a worker fails.
type Service struct {
	// which ready worker gets a request: the one with the fewest in flight, each in turn, the same one for the
	// same client address, or of two at random the one with fewer in flight
	Balance value.Balance `envconfig:"PERCORE_BALANCE" default:"least_conn" example:"round_robin" effect:"live"`

	// requests that a worker gets at once, the rest waiting in one queue for all; 0: no limit; upgraded
	// connections do not count
	WorkerConcurrency value.Int `envconfig:"PERCORE_WORKER_CONCURRENCY" default:"0" min:"0" max:"1048576" example:"1" effect:"live"`

	// whether a worker goes on with a request whose client has left, and a client that has only shut down its
	// sending side is waited for; otherwise the connection to the worker is closed within half a second, whatever
	// the method, which Tornado tells as `on_connection_close`
	ProxyIgnoreAbort value.Bool `envconfig:"PERCORE_PROXY_IGNORE_CLIENT_ABORT" default:"false" example:"true" effect:"live"`

	// `error`: a request that a worker failed before any byte of the answer goes to another, if repeating it is
	// safe
	ProxyNextUpstream value.NextUpstream `envconfig:"PERCORE_PROXY_NEXT_UPSTREAM" default:"error" example:"off" effect:"live"`
}

// Upstream is the patience with workers, and the connections to them.
type Upstream struct {
	// time to connect to a worker
	ProxyConnectTimeout value.Duration `envconfig:"PERCORE_PROXY_CONNECT_TIMEOUT" default:"1s" min:"0.001" example:"1" effect:"live"`

	// longest silence of a worker that owes an answer, beyond it 504
	ProxyReadTimeout value.Duration `envconfig:"PERCORE_PROXY_READ_TIMEOUT" default:"60s" min:"0.001" example:"300" effect:"live"`

	// longest head of an answer, beyond it 502
	ProxyBufferSize value.Size `envconfig:"PERCORE_PROXY_BUFFER_SIZE" default:"64KB" min:"4KB" max:"1MB" example:"128KB" effect:"live"`

	// longest silence on an upgraded connection, such as a WebSocket
	TunnelTimeout value.Duration `envconfig:"PERCORE_TUNNEL_TIMEOUT" default:"1h" min:"0.001" example:"12h" effect:"live"`

	// idle connections kept to each worker by each loop; all of them together are never more than there may be
	// clients (docs/limits.md)
	Keepalive value.Int `envconfig:"PERCORE_KEEPALIVE" default:"128" min:"0" max:"65536" example:"64" effect:"live"`

	// how long those are kept; shorter than the keep-alive timeout of the workers
	ProxyKeepaliveTimeout value.Duration `envconfig:"PERCORE_PROXY_KEEPALIVE_TIMEOUT" default:"1s" example:"4" effect:"live"`
}

// Queue is how requests wait while no worker can take them.
type Queue struct {
	// requests that wait while no worker can take them, beyond it 503
	QueueSize value.Int `envconfig:"PERCORE_QUEUE_SIZE" default:"1024" min:"0" max:"1048576" example:"4096" effect:"live"`

	// how long one waits there before 503; up to `PERCORE_READY_TIMEOUT` while the workers start for the first
	// time; not at all where none is about to start within it
	QueueTimeout value.Duration `envconfig:"PERCORE_QUEUE_TIMEOUT" default:"10s" example:"30" effect:"live"`
}
