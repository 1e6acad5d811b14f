package config

import "percore/entrypoint/config/value"

// Client is what a client may send, and the patience with it.
type Client struct {
	// Longest request body. A longer one is answered with 413. 0: no limit.
	ClientMaxBodySize value.Size `envconfig:"PERCORE_CLIENT_MAX_BODY_SIZE" default:"50MB" example:"200MB" effect:"live"`

	// Longest request head. A longer one is answered with 431, and one whose target takes more than half of this
	// with 414. The workers have to accept heads of this size, too.
	ClientMaxHeaderSize value.Size `envconfig:"PERCORE_CLIENT_MAX_HEADER_SIZE" default:"32KB" min:"1KB" max:"1MB" example:"64KB" effect:"live"`

	// Most fields of a request head. One with more is answered with 431.
	ClientMaxHeaderFields value.Int `envconfig:"PERCORE_CLIENT_MAX_HEADER_FIELDS" default:"200" min:"10" max:"1000" example:"100" effect:"live"`

	// How long a client may take to send a whole request head.
	ClientHeaderTimeout value.Duration `envconfig:"PERCORE_CLIENT_HEADER_TIMEOUT" default:"10s" min:"0.001" example:"10" effect:"live"`

	// Longest pause between two pieces of a request body, and the span over which `PERCORE_CLIENT_BODY_MIN_RATE`
	// holds.
	ClientBodyTimeout value.Duration `envconfig:"PERCORE_CLIENT_BODY_TIMEOUT" default:"30s" min:"0.001" example:"30" effect:"live"`

	// Bytes of a request body that have to arrive each second, on average. A slower one is answered with 408. 0: no
	// limit.
	ClientBodyMinRate value.Size `envconfig:"PERCORE_CLIENT_BODY_MIN_RATE" default:"240" max:"1GB" example:"1KB" effect:"live"`

	// Longest pause in which a client takes nothing of its response.
	SendTimeout value.Duration `envconfig:"PERCORE_SEND_TIMEOUT" default:"60s" min:"0.001" example:"60" effect:"live"`

	// How long an idle client connection is kept. Make it longer than the idle timeout of a load balancer in
	// front.
	KeepaliveTimeout value.Duration `envconfig:"PERCORE_KEEPALIVE_TIMEOUT" default:"75s" min:"0.001" example:"65" effect:"live"`
}

// Trust is whose word about a client counts, and how strictly its requests are read.
type Trust struct {
	// Proxies in front whose `X-Forwarded-*` fields are believed. Those of all other peers are replaced. `unix`:
	// every peer on a unix socket.
	//
	// Default: none
	TrustedProxies value.Proxies `envconfig:"PERCORE_TRUSTED_PROXIES" example:"10.0.0.0/8,192.0.2.7" effect:"live"`

	// Number of proxies in front, where their addresses are not known, as behind a load balancer in a cloud. The
	// peer is believed, and of `X-Forwarded-For` one entry less than this number, from the right. Use it only
	// where nothing else can connect. 0: `PERCORE_TRUSTED_PROXIES` decides.
	TrustedHops value.Int `envconfig:"PERCORE_TRUSTED_HOPS" default:"0" min:"0" max:"16" example:"1" effect:"live"`

	// Name that is added to the `Via` of requests (RFC 9110 section 7.6.3). By default none is added, as with
	// nginx.
	//
	// Default: none
	Via value.Label `envconfig:"PERCORE_VIA" example:"percore" effect:"live"`

	// Whether every connection has to begin with a PROXY header, version 1 or 2, within 5 seconds. The header is
	// believed from `PERCORE_TRUSTED_PROXIES` only.
	//
	// Fixed: it is part of what the listeners are
	ProxyProtocol value.Bool `envconfig:"PERCORE_PROXY_PROTOCOL" default:"false" example:"true" effect:"container"`

	// Whether a line of a request head may end in LF without CR, for clients that do not send CR. Workers get CR
	// and LF all the same.
	AllowBareLF value.Bool `envconfig:"PERCORE_ALLOW_BARE_LF" default:"false" example:"true" effect:"live"`
}
