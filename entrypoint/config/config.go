// Package config reads percore's environment, and is the only package that does.
//
// Load turns an environment into a Config or into the list of everything that is wrong with it. The tags on Config's
// fields are the one source of every name, default, limit and description: Load, `percore env`, `percore check` and
// docs/configuration.md all come from them, so they cannot disagree.
//
// The tags are: envconfig (the full name, never derived from the field's), group, doc (with 'code' in single
// quotes), default, shown (how the reference words a default that is worked out), example, min, max and secret.
package config

import (
	"percore/entrypoint/config/value"
)

// Config is the whole configuration of one percore. A field's doc tag says what it means and in which unit.
type Config struct {
	// The fleet, in supervisord's vocabulary.

	Mode           value.Mode  `envconfig:"PERCORE_MODE" group:"fleet" default:"http" example:"http" doc:"'http': the workers serve HTTP behind the front door; 'none': workers without a listener; 'init': no fleet, one child with all that it was given, as 'percore init' runs it"`
	WebConcurrency value.Count `envconfig:"WEB_CONCURRENCY" group:"fleet" max:"1024" example:"4" doc:"worker processes, when 'PERCORE_WORKERS' is unset; removed from the environment of the workers, or each of them would fork as many again"`

	Program // the fleet proper; PERCORE_PROGRAMS names others

	DrainTimeout   value.Duration `envconfig:"PERCORE_DRAIN_TIMEOUT" group:"fleet" default:"30s" min:"0.001" example:"60" doc:"how long a worker that is stopped or replaced may take to answer the requests that it has; new ones go to the others, or wait where there are none"`
	StopTimeout    value.Duration `envconfig:"PERCORE_STOP_TIMEOUT" group:"fleet" default:"9s" min:"1s" shown:"'9s'; '29s' on ECS and Kubernetes" example:"25" doc:"budget of the whole shutdown; keep it below what the platform grants between SIGTERM and SIGKILL"`
	LameDuck       value.Duration `envconfig:"PERCORE_LAME_DUCK" group:"fleet" default:"0s" example:"5" doc:"how long connections are still accepted after SIGTERM, while not ready any more"`
	ExitOn         value.ExitOn   `envconfig:"PERCORE_EXIT_ON" group:"fleet" default:"all-fatal" example:"first-exit" doc:"when percore gives up, with the exit code of the worker that it is due to; 'all-fatal': all workers of the fleet are FATAL or, with 'PERCORE_AUTORESTART', have ended for good; 'any-fatal': also when one worker of any program is and, unless it cannot be run at all, no sibling serves; 'first-exit': when any process ends, none is restarted"`
	Prestart       value.Command  `envconfig:"PERCORE_PRESTART" group:"fleet" example:"python3 manage.py migrate" doc:"command that is run, as the user of the workers, and waited for before anything else is started; when it fails percore ends with its exit code"`
	ForwardSignals value.Signals  `envconfig:"PERCORE_FORWARD_SIGNALS" group:"fleet" example:"USR1,WINCH" doc:"signals to percore that every worker gets, in place of what they mean to percore"`
	Programs       value.Names    `envconfig:"PERCORE_PROGRAMS" group:"fleet" example:"mailer,cron" doc:"further programs to run, without traffic; 'mailer' has the variables 'PERCORE_MAILER_COMMAND' and so on, see below"`
	Further        []*Further     `ignored:"true"` // what Programs names

	// The front door, in nginx's vocabulary.

	Listen                value.Listen       `envconfig:"PERCORE_LISTEN" group:"front door" default:":8080" shown:"':$PORT' if 'PORT' is set, else ':8080'" example:":80,[::1]:8080" doc:"addresses to serve plain HTTP on"`
	Port                  value.Int          `envconfig:"PORT" group:"front door" min:"1" max:"65535" example:"8080" doc:"public port, when 'PERCORE_LISTEN' is unset; every worker finds a port of its own under this name"`
	Balance               value.Balance      `envconfig:"PERCORE_BALANCE" group:"front door" default:"least_conn" example:"round_robin" doc:"which ready worker gets a request: the one with the fewest in flight, each in turn, the same one for the same client address, or of two at random the one with fewer in flight"`
	WorkerConcurrency     value.Int          `envconfig:"PERCORE_WORKER_CONCURRENCY" group:"front door" default:"0" min:"0" max:"1048576" example:"1" doc:"requests that a worker gets at once, the rest waiting in one queue for all; 0: no limit; upgraded connections do not count"`
	ProxyIgnoreAbort      value.Bool         `envconfig:"PERCORE_PROXY_IGNORE_CLIENT_ABORT" group:"front door" default:"false" example:"true" doc:"whether a worker goes on with a request whose client has left, and a client that has only shut down its sending side is waited for; otherwise the connection to the worker is closed within half a second, whatever the method, which Tornado tells as 'on_connection_close'"`
	ProxyNextUpstream     value.NextUpstream `envconfig:"PERCORE_PROXY_NEXT_UPSTREAM" group:"front door" default:"error" example:"off" doc:"'error': a request that a worker failed before any byte of the answer goes to another, if repeating it is safe"`
	ClientMaxBodySize     value.Size         `envconfig:"PERCORE_CLIENT_MAX_BODY_SIZE" group:"front door" default:"50MB" example:"200MB" doc:"longest request body, beyond it 413; 0: no limit"`
	ClientBodyBufferSize  value.Size         `envconfig:"PERCORE_CLIENT_BODY_BUFFER_SIZE" group:"front door" default:"64KB" max:"16MB" example:"128KB" doc:"a request body up to this size is held whole before a worker is chosen"`
	ClientMaxHeaderSize   value.Size         `envconfig:"PERCORE_CLIENT_MAX_HEADER_SIZE" group:"front door" default:"32KB" min:"1KB" max:"1MB" example:"64KB" doc:"longest request head, beyond it 431; the target may take half of it, beyond that 414; the workers have to take it, too"`
	ClientMaxHeaderFields value.Int          `envconfig:"PERCORE_CLIENT_MAX_HEADER_FIELDS" group:"front door" default:"200" min:"10" max:"1000" example:"100" doc:"most fields of a request head, beyond it 431"`
	ClientHeaderTimeout   value.Duration     `envconfig:"PERCORE_CLIENT_HEADER_TIMEOUT" group:"front door" default:"10s" min:"0.001" example:"10" doc:"time for a client to send a whole request head"`
	ClientBodyTimeout     value.Duration     `envconfig:"PERCORE_CLIENT_BODY_TIMEOUT" group:"front door" default:"30s" min:"0.001" example:"30" doc:"longest pause between two pieces of a request body, and the span over which 'PERCORE_CLIENT_BODY_MIN_RATE' holds"`
	ClientBodyMinRate     value.Size         `envconfig:"PERCORE_CLIENT_BODY_MIN_RATE" group:"front door" default:"240" max:"1GB" example:"1KB" doc:"least of a request body that has to come each second, on average, or 408; 0: no limit"`
	SendTimeout           value.Duration     `envconfig:"PERCORE_SEND_TIMEOUT" group:"front door" default:"60s" min:"0.001" example:"60" doc:"longest pause in which a client takes nothing of its answer"`
	KeepaliveTimeout      value.Duration     `envconfig:"PERCORE_KEEPALIVE_TIMEOUT" group:"front door" default:"75s" min:"0.001" example:"65" doc:"how long an idle client connection is kept; longer than the idle timeout of a load balancer in front"`
	ProxyConnectTimeout   value.Duration     `envconfig:"PERCORE_PROXY_CONNECT_TIMEOUT" group:"front door" default:"1s" min:"0.001" example:"1" doc:"time to connect to a worker"`
	ProxyReadTimeout      value.Duration     `envconfig:"PERCORE_PROXY_READ_TIMEOUT" group:"front door" default:"60s" min:"0.001" example:"300" doc:"longest silence of a worker that owes an answer, beyond it 504"`
	ProxyBufferSize       value.Size         `envconfig:"PERCORE_PROXY_BUFFER_SIZE" group:"front door" default:"64KB" min:"4KB" max:"1MB" example:"128KB" doc:"longest head of an answer, beyond it 502"`
	TunnelTimeout         value.Duration     `envconfig:"PERCORE_TUNNEL_TIMEOUT" group:"front door" default:"1h" min:"0.001" example:"12h" doc:"longest silence on an upgraded connection, such as a WebSocket"`
	Keepalive             value.Int          `envconfig:"PERCORE_KEEPALIVE" group:"front door" default:"128" min:"0" max:"65536" example:"64" doc:"idle connections kept to each worker by each loop; all of them together are never more than there may be clients (docs/limits.md)"`
	ProxyKeepaliveTimeout value.Duration     `envconfig:"PERCORE_PROXY_KEEPALIVE_TIMEOUT" group:"front door" default:"1s" example:"4" doc:"how long those are kept; shorter than the keep-alive timeout of the workers"`
	QueueSize             value.Int          `envconfig:"PERCORE_QUEUE_SIZE" group:"front door" default:"1024" min:"0" max:"1048576" example:"4096" doc:"requests that wait while no worker can take them, beyond it 503"`
	QueueTimeout          value.Duration     `envconfig:"PERCORE_QUEUE_TIMEOUT" group:"front door" default:"10s" example:"30" doc:"how long one waits there before 503; up to 'PERCORE_READY_TIMEOUT' while the workers start for the first time; not at all where none is about to start within it"`
	TrustedProxies        value.Proxies      `envconfig:"PERCORE_TRUSTED_PROXIES" group:"front door" shown:"nobody" example:"10.0.0.0/8,192.0.2.7" doc:"proxies in front whose 'X-Forwarded-*' fields are believed; from anybody else they are replaced; 'unix': every peer on a unix socket"`
	TrustedHops           value.Int          `envconfig:"PERCORE_TRUSTED_HOPS" group:"front door" default:"0" min:"0" max:"16" example:"1" doc:"number of proxies in front where their addresses are not known, as behind a load balancer in a cloud: the peer and so many less one of 'X-Forwarded-For' from the right are believed; 0: by 'PERCORE_TRUSTED_PROXIES'. Only for where nobody else can connect"`
	Via                   value.Label        `envconfig:"PERCORE_VIA" group:"front door" shown:"none" example:"percore" doc:"name that is added to the 'Via' of requests (RFC 9110 section 7.6.3); none is added by default, as with nginx"`
	ProxyProtocol         value.Bool         `envconfig:"PERCORE_PROXY_PROTOCOL" group:"front door" default:"false" example:"true" doc:"whether every connection has to begin with a PROXY header, version 1 or 2, within 5 seconds; it is believed from 'PERCORE_TRUSTED_PROXIES' only"`
	AllowBareLF           value.Bool         `envconfig:"PERCORE_ALLOW_BARE_LF" group:"front door" default:"false" example:"true" doc:"whether a line of a request head may end in LF without CR, for clients that know no better; workers see CR and LF all the same"`
	AccessLog             value.AccessLog    `envconfig:"PERCORE_ACCESS_LOG" group:"front door" default:"off" example:"json" doc:"format of the line that each request leaves"`
	AccessLogSample       value.Share        `envconfig:"PERCORE_ACCESS_LOG_SAMPLE" group:"front door" default:"1" example:"0.01" doc:"share of the requests that leave a line; those answered with 400 or more, or cut off, always do, so that '0' is errors only"`
	AccessLogExclude      value.Paths        `envconfig:"PERCORE_ACCESS_LOG_EXCLUDE" group:"front door" shown:"none" example:"/healthz,/static/" doc:"paths whose requests leave a line only when they are answered with 400 or more, or cut off; one that ends in a slash stands for all below it"`
	Loops                 value.Count        `envconfig:"PERCORE_LOOPS" group:"front door" default:"auto" max:"256" example:"2" doc:"event loops; 'auto' is usable CPUs / 8, rounded up"`
	FrontUser             value.User         `envconfig:"PERCORE_FRONT_USER" group:"front door" shown:"'65534:65534' when percore is root, another free uid where a worker is 65534; else inherited" example:"nobody:nogroup" doc:"user that the front door runs as; no worker may have it"`

	// Mode init, in tini's and dumb-init's place.

	ExitRemap   value.ExitRemap `envconfig:"PERCORE_EXIT_REMAP" group:"mode init" example:"143:0" doc:"exit codes of the child that become others, as 'from:to'"`
	SignalGroup value.Bool      `envconfig:"PERCORE_SIGNAL_GROUP" group:"mode init" default:"false" example:"true" doc:"signals go to the whole process group of the child"`
	KillTree    value.Bool      `envconfig:"PERCORE_KILL_TREE" group:"mode init" default:"false" example:"true" doc:"signals go to every process below percore, whatever its group or session; in a fleet this holds for SIGKILL, which reaches all that a worker has started anyway"`
	WaitAll     value.Bool      `envconfig:"PERCORE_WAIT_ALL" group:"mode init" default:"false" example:"true" doc:"when the child has ended, the others get TERM and the rest of 'PERCORE_STOP_TIMEOUT', then SIGKILL; otherwise percore leaves at once"`
	Pdeathsig   value.Signal    `envconfig:"PERCORE_PDEATHSIG" group:"mode init" example:"TERM" doc:"signal that the child gets when percore dies"`

	// Operations.

	Control   value.Control   `envconfig:"PERCORE_CONTROL" group:"operations" shown:"'/run/percore.sock', else a private place" example:"/tmp/percore.sock" doc:"unix socket of 'percore status' and the other commands, for root and the user of PID 1 alone; '@name' is an abstract one, which needs no folder; 'off' is none"`
	LogLevel  value.LogLevel  `envconfig:"PERCORE_LOGLEVEL" group:"operations" default:"info" example:"debug" doc:"least level of the messages of percore itself"`
	LogFormat value.LogFormat `envconfig:"PERCORE_LOG_FORMAT" group:"operations" default:"auto" example:"json" doc:"format of these messages; 'auto' is 'text' on a terminal and 'json' elsewhere"`
	Strict    value.Bool      `envconfig:"PERCORE_STRICT" group:"operations" default:"true" example:"false" doc:"whether an unknown name that starts with 'PERCORE_' ends the start, or is a warning"`

	taskMetadata string             // see TaskMetadata
	settings     map[string]Setting // by variable name: what did not come from a default tag
}
