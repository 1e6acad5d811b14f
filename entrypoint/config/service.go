package config

import "percore/entrypoint/config/value"

// Service is which worker gets a request, and what becomes of one that a worker fails.
type Service struct {
	// Which ready worker gets a request. `least_conn`: the one with the fewest requests in flight. `round_robin`:
	// each in turn. `ip_hash`: the same one for the same client address. `random`: of two at random, the one with
	// fewer requests in flight.
	Balance value.Balance `envconfig:"PERCORE_BALANCE" default:"least_conn" example:"round_robin" effect:"live"`

	// Requests that a worker gets at once. The rest wait in one queue for all workers. Upgraded connections do not
	// count. 0: no limit.
	WorkerConcurrency value.Int `envconfig:"PERCORE_WORKER_CONCURRENCY" default:"0" min:"0" max:"1048576" example:"1" effect:"live"`

	// Whether a worker goes on with a request whose client has left, and percore waits for a client that has only
	// shut down its sending side. Otherwise the connection to the worker is closed within half a second, whatever
	// the method. Tornado then calls `on_connection_close`.
	ProxyIgnoreClientAbort value.Bool `envconfig:"PERCORE_PROXY_IGNORE_CLIENT_ABORT" default:"false" example:"true" effect:"live"`

	// What becomes of a request when a worker fails before the first byte of its response. `error`: it goes to
	// another worker, if it is safe to repeat. `off`: it fails.
	ProxyNextUpstream value.NextUpstream `envconfig:"PERCORE_PROXY_NEXT_UPSTREAM" default:"error" example:"off" effect:"live"`
}

// Upstream is the patience with workers, and the connections to them.
type Upstream struct {
	// How long it may take to connect to a worker.
	ProxyConnectTimeout value.Duration `envconfig:"PERCORE_PROXY_CONNECT_TIMEOUT" default:"1s" min:"0.001" example:"1" effect:"live"`

	// Longest silence of a worker that has a request to answer. After it the client gets 504.
	ProxyReadTimeout value.Duration `envconfig:"PERCORE_PROXY_READ_TIMEOUT" default:"60s" min:"0.001" example:"300" effect:"live"`

	// Longest head of a response. For a longer one the client gets 502.
	ProxyBufferSize value.Size `envconfig:"PERCORE_PROXY_BUFFER_SIZE" default:"64KB" min:"4KB" max:"1MB" example:"128KB" effect:"live"`

	// Longest silence on an upgraded connection, such as a WebSocket.
	TunnelTimeout value.Duration `envconfig:"PERCORE_TUNNEL_TIMEOUT" default:"1h" min:"0.001" example:"12h" effect:"live"`

	// Idle connections that each loop keeps to each worker. All of them together are never more than there may be
	// clients (docs/limits.md).
	Keepalive value.Int `envconfig:"PERCORE_KEEPALIVE" default:"128" min:"0" max:"65536" example:"64" effect:"live"`

	// How long those are kept. Make it shorter than the keep-alive timeout of the workers.
	ProxyKeepaliveTimeout value.Duration `envconfig:"PERCORE_PROXY_KEEPALIVE_TIMEOUT" default:"1s" example:"4" effect:"live"`
}

// Queue is how requests wait while no worker can take them.
type Queue struct {
	// Requests that may wait while no worker can take them. One more is answered with 503.
	QueueSize value.Int `envconfig:"PERCORE_QUEUE_SIZE" default:"1024" min:"0" max:"1048576" example:"4096" effect:"live"`

	// How long a request waits there before it is answered with 503. While the workers start for the first time it
	// waits up to `PERCORE_READY_TIMEOUT`. It does not wait where no worker is about to start in that time.
	QueueTimeout value.Duration `envconfig:"PERCORE_QUEUE_TIMEOUT" default:"10s" example:"30" effect:"live"`
}
