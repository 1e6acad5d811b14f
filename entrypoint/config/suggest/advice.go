package suggest

import "strings"

// advice is what to do about a name that percore does not have, but another version or another program has.
type advice struct {
	names []string // without the prefix; those that end in a star stand for all that begin so
	what  string   // in place of "is not a variable of percore"
	mend  string
}

// laterVersion says of a name that it is not a slip.
const laterVersion = "belongs to a later version of percore"

// AdviceOn finds what is to be said of a name and what to do about it. The name comes without the prefix that all
// have. The list is of the names that later versions have and of those that users of gunicorn, uvicorn, Puma, nginx,
// HAProxy and supervisord know.
func AdviceOn(name string) (what, mend string, found bool) {
	for _, list := range [][]advice{laterNames(), peersNames()} {
		for _, a := range list {
			for _, n := range a.names {
				if start, isStart := strings.CutSuffix(n, "*"); n == name || isStart && strings.HasPrefix(name, start) {
					return a.what, a.mend, true
				}
			}
		}
	}
	return "", "", false
}

// laterNames are those that this version does not have yet, and what can be done meanwhile.
func laterNames() []advice {
	const inFront = "a proxy in front can do it; name it in PERCORE_TRUSTED_PROXIES"
	const ofWorker = "until then the worker can do it, or a proxy in front"
	return []advice{
		{[]string{"TLS_*", "HSTS", "HTTP2*", "H2C"}, laterVersion, "until then " + inFront},
		{[]string{"SERVER_NAME", "CANONICAL_HOST", "REDIRECTS", "ALLOW", "DENY", "AUTH_BASIC", "LIMIT_REQ", "LIMIT_CONN"}, laterVersion, "until then " + inFront},
		{[]string{"STATIC*", "TRY_FILES", "ACCEL", "GZIP*", "ERROR_PAGE", "ADD_HEADER"}, laterVersion, ofWorker},
		{[]string{"REQUEST_ID", "REQUEST_START", "TRACE"}, laterVersion, ofWorker},
		{[]string{"LOCATION", "STRIP_PREFIX"}, laterVersion, "until then all requests go to the fleet; further programs get none"},
		{[]string{"UPSTREAMS"}, laterVersion, "until then percore serves only the workers that it starts, by PERCORE_COMMAND"},
		{[]string{"STICKY"}, laterVersion, "until then PERCORE_BALANCE=ip_hash keeps a client at its worker"},
		{[]string{"PROXY_PROTOCOL_UPSTREAM"}, laterVersion, "until then workers find the client in X-Forwarded-For"},
		{[]string{"ADMIN_*"}, laterVersion, "until then use `percore status --json` and `percore healthcheck`"},
		{[]string{"WATCH", "WATCH_FILES"}, laterVersion, "until then `percore restart all` replaces the workers"},
		{[]string{"WORKERS_IDLE_TIMEOUT", "ROLL_SURGE"}, laterVersion, "unset it: the number of workers is PERCORE_WORKERS, and `percore scale` changes it"},
	}
}

// LaterValue is what to do about a value that later versions take; empty where it is none.
func LaterValue(variable, value string) string {
	value = strings.ToLower(value)
	switch variable {
	case "PERCORE_MODE":
		if value == "tcp" || value == "direct" {
			return value + " " + laterVersion
		}
	case "PERCORE_WORKERS":
		if _, _, isRange := strings.Cut(value, "-"); isRange {
			return "a range " + laterVersion + "; until then `percore scale` changes the number"
		}
	case "PERCORE_LISTEN":
		if value == "off" {
			return value + " " + laterVersion + "; until then PERCORE_MODE=none has no listener"
		}
	}
	return ""
}

// peersNames are what other programs call things.
func peersNames() []advice {
	const not = "is not a variable of percore"
	use := func(instead string, names ...string) advice { return advice{names, not, "use " + instead} }
	return []advice{
		use("PERCORE_PROXY_READ_TIMEOUT, how long a worker may be silent", "TIMEOUT", "WORKER_TIMEOUT", "REQUEST_TIMEOUT", "READ_TIMEOUT"),
		use("PERCORE_STOP_TIMEOUT", "GRACEFUL_TIMEOUT", "SHUTDOWN_TIMEOUT", "GRACE_PERIOD", "TIMEOUT_GRACEFUL_SHUTDOWN"),
		use("PERCORE_STOPWAITSECS", "KILL_TIMEOUT"),
		use("PERCORE_KEEPALIVE_TIMEOUT", "KEEP_ALIVE", "KEEPALIVE_SECS", "TIMEOUT_KEEP_ALIVE", "IDLE_TIMEOUT"),
		use("an option of the worker's command; PERCORE_WORKER_CONCURRENCY is how many requests a worker gets at once",
			"THREADS", "MAX_THREADS", "MIN_THREADS", "WORKER_CLASS"),
		use("PERCORE_WORKER_CONCURRENCY", "WORKER_CONNECTIONS", "CONCURRENCY", "MAXCONN", "MAX_CONNECTIONS"),
		use("PERCORE_WORKERS", "PROCESSES", "NUMPROCS", "INSTANCES", "REPLICAS", "CPUS", "WEB_CONCURRENCY", "WORKER_PROCESSES"),
		use("PERCORE_LISTEN, as in PERCORE_LISTEN=127.0.0.1:8080",
			"HOST", "ADDRESS", "ADDR", "LISTEN_ADDRESS", "BIND_ADDRESS", "HTTP_PORT", "LISTEN_PORT", "HTTP_ADDRESS"),
		use("PERCORE_LOGLEVEL", "LOG_LEVEL", "LEVEL", "DEBUG", "VERBOSE", "LOG_VERBOSITY"),
		use("PERCORE_STDERR_LOGFILE or PERCORE_STDOUT_LOGFILE for the workers; percore's own log is stderr", "LOG_FILE", "LOGFILE", "ERROR_LOG", "ERROR_LOGFILE"),
		use("PERCORE_DIRECTORY", "CHDIR", "WORKDIR", "WORKING_DIR", "WORKING_DIRECTORY", "CWD"),
		use("PERCORE_USER, as in PERCORE_USER=www-data:www-data", "UID", "GID", "RUN_AS"),
		use("PERCORE_AUTORESTART", "RESTART", "RESTART_POLICY"),
		use("PERCORE_HEALTH, as in PERCORE_HEALTH=http:/healthz", "HEALTHCHECK", "HEALTH_CHECK", "HEALTH_PATH", "HEALTHCHECK_PATH"),
		use("PERCORE_READY, as in PERCORE_READY=http:/healthz", "READINESS", "READY_PATH"),
		use("PERCORE_MAX_RSS", "MEMORY_LIMIT", "MAX_MEMORY", "MAX_MEMORY_RESTART"),
		use("PERCORE_TRUSTED_PROXIES", "FORWARDED_ALLOW_IPS", "SET_REAL_IP_FROM", "PROXY_HEADERS", "TRUST_PROXY"),
		use("PERCORE_MODE=init", "INIT"),
		use("PERCORE_CLIENT_BODY_TEMP_PATH, the folder for the bodies of requests and of responses",
			"PROXY_TEMP_PATH", "FASTCGI_TEMP_PATH", "UWSGI_TEMP_PATH", "SCGI_TEMP_PATH", "TMPDIR", "TEMP_DIR", "TEMP_PATH", "UPLOAD_DIR"),
		use("PERCORE_PROXY_REQUEST_BUFFERING", "REQUEST_BUFFERING", "FASTCGI_REQUEST_BUFFERING", "UWSGI_REQUEST_BUFFERING"),
		use("PERCORE_PROXY_BUFFERING", "FASTCGI_BUFFERING", "UWSGI_BUFFERING", "RESPONSE_BUFFERING"),
		use("PERCORE_COMMAND", "CMD", "EXEC", "ENTRYPOINT"),
	}
}
