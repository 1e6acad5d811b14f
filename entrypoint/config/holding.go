package config

import "percore/entrypoint/config/value"

// Holding is how the bodies of requests and responses are held, so that no slow client occupies a worker.
type Holding struct {
	// A request body up to this size is held in memory, and its worker is chosen when it is whole. A longer one goes
	// on in a file: see `PERCORE_PROXY_REQUEST_BUFFERING`.
	ClientBodyBufferSize value.Size `envconfig:"PERCORE_CLIENT_BODY_BUFFER_SIZE" default:"64KB" max:"16MB" example:"128KB" effect:"live"`

	// Whether a request body is held until it is whole, in a file where it is longer than
	// `PERCORE_CLIENT_BODY_BUFFER_SIZE`. No slow client then occupies a worker, and every worker is told the length.
	// `false`: a longer body goes to a worker as it comes, for applications that read uploads on the way. One in
	// chunks then has no length, and many applications, such as those under WSGI, take it for an empty one.
	ProxyRequestBuffering value.Bool `envconfig:"PERCORE_PROXY_REQUEST_BUFFERING" default:"true" example:"false" effect:"live"`

	// Whether what a client has not taken of its response is held, in memory and then in a file, so that the worker is
	// free when its response is whole. A client that keeps up gets everything at once all the same. Never held: event
	// streams, upgraded connections, and responses with `X-Accel-Buffering: no`. `false`: the worker waits for the
	// client.
	ProxyBuffering value.Bool `envconfig:"PERCORE_PROXY_BUFFERING" default:"true" example:"false" effect:"live"`

	// How much of one response may be held in a file. With more, the worker waits for the client. 0: no file, memory
	// alone.
	ProxyMaxTempFileSize value.Size `envconfig:"PERCORE_PROXY_MAX_TEMP_FILE_SIZE" default:"1GB" example:"100MB" effect:"live"`

	// Folder of the files that hold bodies, of requests and of responses. They have no names there, so nothing is left
	// behind. The front door's user has to be able to write there. `memory`: in memory, which counts against the
	// memory limit of the container, as a tmpfs does.
	//
	// Default: `/tmp` if the front door's user can write there, else `memory`
	ClientBodyTempPath value.TempPath `envconfig:"PERCORE_CLIENT_BODY_TEMP_PATH" example:"/var/tmp" effect:"live"`

	// How much all of these files together may take. One client address can have half of it, and less when others
	// have much. Without room a request whose length is known goes to a worker as it comes, one in chunks is answered
	// with 503, and for a response the worker waits for the client (docs/limits.md).
	//
	// Default: where the files are in memory, a quarter of the memory limit; else half of what is free there, looked
	// at every 10 s
	TempSize value.Size `envconfig:"PERCORE_TEMP_SIZE" min:"1MB" example:"256MB" effect:"live"`
}
