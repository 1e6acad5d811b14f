package lbproxy

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"percore/lbproxy/accesslog"
	"percore/lbproxy/balance"
	"percore/lbproxy/client"
	"percore/lbproxy/refusal"
	"percore/lbproxy/socket"
	"percore/lbproxy/spool"
	"percore/lbproxy/timer"
)

// Options are the front door's settings. They travel from PID 1 to the front door in JSON, so that the front
// door reads no environment. Durations of 0 mean "no limit" unless said otherwise.
type Options struct {
	ResponseOptions
	Loops                  int              // event loops, each a goroutine with its own listening sockets
	Services               []ServiceOptions // what answers requests, at least one; the first where no step routes elsewhere
	ClientBodyBufferSize   int              // bytes of a request body that are held in memory before a worker is chosen
	ClientMaxHeaderSize    int              // bytes of a request's head; beyond it 431, and 414 when the target takes over half
	ClientMaxHeaderFields  int              // fields of a request's head, http1.FieldsMax at most; beyond it 431
	ClientHeaderTimeout    time.Duration    // for a whole head, from its first byte or from accept
	ClientBodyTimeout      time.Duration    // between two reads of a body, and the span of the least rate; upload.go
	ClientBodyMinRate      int64            // bytes a second that a body has to come at; 0 is no limit
	ProxyIgnoreClientAbort bool             // a worker goes on with a request whose client has left
	KeepaliveTimeout       time.Duration    // idle client connection
	ProxyBufferSize        int              // bytes of a response's head; beyond it 502
	AccessLog              accesslog.Form   //

	ClientBodyTempPath   string // folder of the unlinked files that hold bodies; empty is memory (man 2 memfd_create)
	TempSize             int64  // bytes that all of them may take; 0 is by what there is: docs/limits.md
	ProxyMaxTempFileSize int64  // bytes of one response that may be held in a file; 0 is none

	AccessLogSample  float64  // share of the requests without trouble that leave a line, 0 to 1
	AccessLogExclude []string // paths whose requests without trouble leave none; `/folder/` stands for all below it

	TrustedProxies []netip.Prefix // whose X-Forwarded-* and PROXY header are believed
	TrustedHops    int            // proxies in front, all of which are believed; 0 is to go by TrustedProxies
	TrustedUnix    bool           // so are those of peers on unix sockets
	Via            string         // our name in requests' Via (RFC 9110 section 7.6.3); empty is not to say it
	AllowBareLF    bool           // a lone LF ends a line of a request's head, too
	MemoryMax      int64          // bytes that the whole container may use; 0 is no limit; the shares below
	ProxyProtocol  bool           // listeners demand a PROXY header
}

// ServiceOptions are the settings of one service: of how its workers are chosen, and of what a request may take of
// them.
type ServiceOptions struct {
	Balance               balance.Method //
	NextUpstream          bool           // whether another worker may be tried when one fails
	ClientMaxBodySize     int64          // bytes; 0 is no limit; beyond it 413
	ProxyRequestBuffering bool           // a request goes to a worker when it is whole, not as it comes
	ProxyBuffering        bool           // what a client has not taken of its response is held, and its worker let go
	ProxyConnectTimeout   time.Duration  //
	ProxyReadTimeout      time.Duration  // between two reads from, or writes to, a worker
	TunnelTimeout         time.Duration  // after an upgrade, with no byte either way
	Keepalive             int            // idle connections kept per worker and loop, as far as room.go lets them
	ProxyKeepaliveTimeout time.Duration  // idle worker connection
	WorkerConcurrency     int            // requests that a worker gets at once; 0 is no limit
	QueueSize             int            // requests that may wait for a worker, over all loops
	QueueTimeout          time.Duration  // how long they wait
	ReadyTimeout          time.Duration  // how long, if that is longer, while no worker has ever been up
}

// DefaultOptions are the defaults of the variables with the same names.
func DefaultOptions() Options {
	return Options{
		Loops: 1, Services: []ServiceOptions{defaultService()},
		ClientBodyBufferSize: 64 << 10, ClientMaxHeaderSize: 32 << 10, ClientMaxHeaderFields: 200, ProxyBufferSize: 64 << 10,
		ClientHeaderTimeout: 10 * time.Second, ClientBodyTimeout: 30 * time.Second, ClientBodyMinRate: 240,
		ResponseOptions: ResponseOptions{SendTimeout: 60 * time.Second}, KeepaliveTimeout: 75 * time.Second,
		AccessLog: accesslog.Off, AccessLogSample: 1, ProxyMaxTempFileSize: 1 << 30,
	}
}

func defaultService() ServiceOptions {
	return ServiceOptions{
		Balance: balance.LeastConn, NextUpstream: true, ClientMaxBodySize: 50 << 20,
		ProxyRequestBuffering: true, ProxyBuffering: true,
		ProxyConnectTimeout: time.Second, ProxyReadTimeout: 60 * time.Second, TunnelTimeout: time.Hour,
		Keepalive: 128, ProxyKeepaliveTimeout: time.Second,
		QueueSize: 1024, QueueTimeout: 10 * time.Second, ReadyTimeout: time.Minute,
	}
}

func (o *Options) validate() error {
	switch {
	case o.Loops < 1:
		return fmt.Errorf("front door options: %d loops, need at least 1", o.Loops)
	case len(o.Services) < 1:
		return errors.New("front door options: no service, need at least 1")
	case len(o.Services) > servicesMax:
		return fmt.Errorf("front door options: %d services, can have at most %d", len(o.Services), servicesMax)
	case o.TempSize < 0 || o.ProxyMaxTempFileSize < 0:
		return errors.New("front door options: a size of files is below 0")
	}
	for _, s := range o.Services {
		if !s.Balance.IsKnown() {
			return fmt.Errorf("front door options: unknown balance %q", s.Balance)
		}
	}
	return nil
}

// spool says where bodies are held, and how much of them.
func (o *Options) spool() spool.Options {
	return spool.Options{Path: o.ClientBodyTempPath, Size: o.TempSize, MemoryMax: o.MemoryMax}
}

// refusals are the settings that requests and responses can run into.
func (o *Options) refusals() refusal.Settings {
	return refusal.Settings{
		HeaderSize: o.ClientMaxHeaderSize, HeaderFields: o.ClientMaxHeaderFields, BareLF: o.AllowBareLF,
		BufferSize: o.ProxyBufferSize, HeaderTimeout: o.ClientHeaderTimeout,
		BodyTimeout: o.ClientBodyTimeout, BodyMinRate: o.ClientBodyMinRate,
	}
}

// The shares of the container's memory. The rest is the workers'. docs/limits.md has the arithmetic.
const (
	// bufferShare: an eighth of the memory may be in buffers before new requests are refused.
	bufferShare = 8
	// connectionShare: another eighth may be in clients' connections as such, connectionBytes each: a socket costs the
	// kernel 3.7 KB, and us a tenth of a kilobyte.
	connectionShare = 8
	connectionBytes = 4 << 10
	// clientsMin are served whatever the arithmetic says.
	clientsMin = 16
	// descriptorsReserved are for all that is neither a client nor a worker: listeners, epoll, logs, the link.
	descriptorsReserved = 32
)

// clientsMax is how many clients each loop takes: half of the descriptors, as every client may need a worker's
// connection beside its own, and what memory allows. It bounds the connections to workers, too: for a further one a
// kept one goes.
func clientsMax(o *Options, descriptors uint64) int {
	n := (int64(min(descriptors, 1<<30)) - descriptorsReserved) / 2
	if o.MemoryMax > 0 {
		n = min(n, o.MemoryMax/connectionShare/connectionBytes)
	}
	return int(max(n, clientsMin)) / o.Loops
}

// buffersMax is how many bytes of buffers each loop may use; 0 is no limit.
func buffersMax(o *Options) int64 { return o.MemoryMax / bufferShare / int64(o.Loops) }

// configure takes over the newest settings.
func (l *loop) configure() {
	o := l.proxy.options.Load()
	l.options = o
	l.trust = client.NewTrust(o.TrustedProxies, o.TrustedHops, o.TrustedUnix)
	l.limits = refusal.New(o.refusals())
	l.buffers.SetBudget(buffersMax(o))
	l.room.clientsMax = clientsMax(o, socket.DescriptorsMax())
	l.log.Configure(o.AccessLog, o.AccessLogSample, o.AccessLogExclude)
	o.resize(l.timers)
	for i, s := range l.services {
		s.configure(&o.Services[i])
	}
}

// resize sets the timers that go by settings. It says, too, which those are.
func (o *Options) resize(timers *timer.Table) {
	for class, d := range map[timer.Class]time.Duration{
		timerHeader:    o.ClientHeaderTimeout,
		timerBody:      o.ClientBodyTimeout,
		timerSend:      o.SendTimeout,
		timerKeepalive: o.KeepaliveTimeout,
	} {
		timers.Resize(class, d.Milliseconds())
	}
}

// resize does the same for the timers of a service.
func (s *service) resize(o *ServiceOptions) {
	for class, d := range map[timer.Class]time.Duration{
		timerConnect:    o.ProxyConnectTimeout,
		timerRead:       o.ProxyReadTimeout,
		timerPooled:     o.ProxyKeepaliveTimeout,
		timerQueue:      o.QueueTimeout,
		timerTunnel:     o.TunnelTimeout,
		timerFirstStart: o.firstStartTimeout(),
	} {
		s.loop.timers.Resize(s.timer(class), d.Milliseconds())
	}
}

// configure takes over new settings.
func (s *service) configure(o *ServiceOptions) {
	s.options = o
	s.bodyLarge = refusal.BodyLarge(o.ClientMaxBodySize)
	s.balancer.Configure(o.Balance, o.WorkerConcurrency)
	s.resize(o)
}
