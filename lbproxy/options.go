package lbproxy

import (
	"fmt"
	"net/netip"
	"time"

	"percore/lbproxy/accesslog"
	"percore/lbproxy/balance"
	"percore/lbproxy/refusal"
)

// Options are the front door's settings. They travel from PID 1 to the front door in JSON, so that the front
// door reads no environment. Durations of 0 mean "no limit" unless said otherwise.
type Options struct {
	Loops                 int            // event loops, each a goroutine with its own listening sockets
	Balance               balance.Method //
	NextUpstream          bool           // whether another worker may be tried when one fails
	ClientMaxBodySize     int64          // bytes; 0 is no limit; beyond it 413
	ClientBodyBufferSize  int            // bytes of a request body that are held before a worker is chosen
	ClientMaxHeaderSize   int            // bytes of a request's head; beyond it 431, and 414 when the target takes more than half
	ClientMaxHeaderFields int            // fields of a request's head, http1.FieldsMax at most; beyond it 431
	ClientHeaderTimeout   time.Duration  // for a whole head, from its first byte or from accept
	ClientBodyTimeout     time.Duration  // between two reads of a body, and the span of the least rate; deadlines.go
	ClientBodyMinRate     int64          // bytes a second that a body has to come at; 0 is no limit
	IgnoreClientAbort     bool           // a worker goes on with a request whose client has left
	SendTimeout           time.Duration  // between two writes to a client
	KeepaliveTimeout      time.Duration  // idle client connection
	ProxyConnectTimeout   time.Duration  //
	ProxyReadTimeout      time.Duration  // between two reads from, or writes to, a worker
	ProxyBufferSize       int            // bytes of an answer's head; beyond it 502
	TunnelTimeout         time.Duration  // after an upgrade, with no byte either way
	Keepalive             int            // idle connections kept per worker and loop, as far as bounds.go lets them
	ProxyKeepaliveTimeout time.Duration  // idle worker connection
	WorkerConcurrency     int            // requests that a worker gets at once; 0 is no limit
	QueueSize             int            // requests that may wait for a worker, over all loops
	QueueTimeout          time.Duration  // how long they wait
	ReadyTimeout          time.Duration  // how long, if that is longer, while no worker has ever been up
	AccessLog             accesslog.Form //

	AccessLogSample  float64  // share of the requests without trouble that leave a line, 0 to 1
	AccessLogExclude []string // paths whose requests without trouble leave none; `/folder/` stands for all below it

	TrustedProxies []netip.Prefix // whose X-Forwarded-* and PROXY header are believed
	TrustedHops    int            // how many proxies are in front, all of whom are believed; 0 is to go by TrustedProxies
	TrustedUnix    bool           // so are those of peers on unix sockets
	Via            string         // what we call ourselves in requests' Via (RFC 9110 section 7.6.3); empty is not to say it
	BareLF         bool           // a lone LF ends a line of a request's head, too
	MemoryMax      int64          // bytes that the whole container may use; 0 is no limit. bounds.go has what the front door takes of it
	ProxyProtocol  bool           // listeners demand a PROXY header
}

// DefaultOptions are the defaults of the variables with the same names.
func DefaultOptions() Options {
	return Options{
		Loops: 1, Balance: balance.LeastConn, NextUpstream: true,
		ClientMaxBodySize: 50 << 20, ClientBodyBufferSize: 64 << 10,
		ClientMaxHeaderSize: 32 << 10, ClientMaxHeaderFields: 200, ProxyBufferSize: 64 << 10,
		ClientHeaderTimeout: 10 * time.Second, ClientBodyTimeout: 30 * time.Second, ClientBodyMinRate: 240, SendTimeout: 60 * time.Second,
		KeepaliveTimeout: 75 * time.Second, ProxyConnectTimeout: time.Second, ProxyReadTimeout: 60 * time.Second,
		TunnelTimeout: time.Hour, Keepalive: 128, ProxyKeepaliveTimeout: time.Second,
		QueueSize: 1024, QueueTimeout: 10 * time.Second, ReadyTimeout: time.Minute, AccessLog: accesslog.Off, AccessLogSample: 1,
	}
}

func (o *Options) validate() error {
	switch {
	case o.Loops < 1:
		return fmt.Errorf("front door options: %d loops, need at least 1", o.Loops)
	case !o.Balance.IsKnown():
		return fmt.Errorf("front door options: unknown balance %q", o.Balance)
	}
	return nil
}

// refusals are the settings that requests and responses can run into.
func (o *Options) refusals() refusal.Settings {
	return refusal.Settings{
		HeaderSize: o.ClientMaxHeaderSize, HeaderFields: o.ClientMaxHeaderFields, BareLF: o.BareLF, BufferSize: o.ProxyBufferSize,
		HeaderTimeout: o.ClientHeaderTimeout, BodyTimeout: o.ClientBodyTimeout, BodyMinRate: o.ClientBodyMinRate, BodySize: o.ClientMaxBodySize,
	}
}
