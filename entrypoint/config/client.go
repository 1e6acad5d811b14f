package config

import "percore/entrypoint/config/value"

// Client is what a client may send, and the patience with it.
type Client struct {
	// longest request body, beyond it 413; 0: no limit
	ClientMaxBodySize value.Size `envconfig:"PERCORE_CLIENT_MAX_BODY_SIZE" default:"50MB" example:"200MB" effect:"live"`

	// a request body up to this size is held whole before a worker is chosen
	ClientBodyBufferSize value.Size `envconfig:"PERCORE_CLIENT_BODY_BUFFER_SIZE" default:"64KB" max:"16MB" example:"128KB" effect:"live"`

	// longest request head, beyond it 431; the target may take half of it, beyond that 414; the workers have to
	// take it, too
	ClientMaxHeaderSize value.Size `envconfig:"PERCORE_CLIENT_MAX_HEADER_SIZE" default:"32KB" min:"1KB" max:"1MB" example:"64KB" effect:"live"`

	// most fields of a request head, beyond it 431
	ClientMaxHeaderFields value.Int `envconfig:"PERCORE_CLIENT_MAX_HEADER_FIELDS" default:"200" min:"10" max:"1000" example:"100" effect:"live"`

	// time for a client to send a whole request head
	ClientHeaderTimeout value.Duration `envconfig:"PERCORE_CLIENT_HEADER_TIMEOUT" default:"10s" min:"0.001" example:"10" effect:"live"`

	// longest pause between two pieces of a request body, and the span over which `PERCORE_CLIENT_BODY_MIN_RATE`
	// holds
	ClientBodyTimeout value.Duration `envconfig:"PERCORE_CLIENT_BODY_TIMEOUT" default:"30s" min:"0.001" example:"30" effect:"live"`

	// least of a request body that has to come each second, on average, or 408; 0: no limit
	ClientBodyMinRate value.Size `envconfig:"PERCORE_CLIENT_BODY_MIN_RATE" default:"240" max:"1GB" example:"1KB" effect:"live"`

	// longest pause in which a client takes nothing of its answer
	SendTimeout value.Duration `envconfig:"PERCORE_SEND_TIMEOUT" default:"60s" min:"0.001" example:"60" effect:"live"`

	// how long an idle client connection is kept; longer than the idle timeout of a load balancer in front
	KeepaliveTimeout value.Duration `envconfig:"PERCORE_KEEPALIVE_TIMEOUT" default:"75s" min:"0.001" example:"65" effect:"live"`
}

// Trust is whose word about a client counts, and how strictly its requests are read.
type Trust struct {
	// proxies in front whose `X-Forwarded-*` fields are believed; from anybody else they are replaced; `unix`:
	// every peer on a unix socket
	//
	// Default: nobody
	TrustedProxies value.Proxies `envconfig:"PERCORE_TRUSTED_PROXIES" example:"10.0.0.0/8,192.0.2.7" effect:"live"`

	// number of proxies in front where their addresses are not known, as behind a load balancer in a cloud: the
	// peer and so many less one of `X-Forwarded-For` from the right are believed; 0: by `PERCORE_TRUSTED_PROXIES`.
	// Only for where nobody else can connect
	TrustedHops value.Int `envconfig:"PERCORE_TRUSTED_HOPS" default:"0" min:"0" max:"16" example:"1" effect:"live"`

	// name that is added to the `Via` of requests (RFC 9110 section 7.6.3); none is added by default, as with
	// nginx
	//
	// Default: none
	Via value.Label `envconfig:"PERCORE_VIA" example:"percore" effect:"live"`

	// whether every connection has to begin with a PROXY header, version 1 or 2, within 5 seconds; it is believed
	// from `PERCORE_TRUSTED_PROXIES` only
	//
	// Fixed: it is part of what the listeners are
	ProxyProtocol value.Bool `envconfig:"PERCORE_PROXY_PROTOCOL" default:"false" example:"true" effect:"container"`

	// whether a line of a request head may end in LF without CR, for clients that know no better; workers see CR
	// and LF all the same
	AllowBareLF value.Bool `envconfig:"PERCORE_ALLOW_BARE_LF" default:"false" example:"true" effect:"live"`
}
