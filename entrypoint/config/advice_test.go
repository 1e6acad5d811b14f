package config

import (
	"strings"
	"testing"
)

// faultOf is the only problem of an environment, in one line, or none.
func faultOf(t *testing.T, environ ...string) string {
	t.Helper()
	_, _, err := Load(environ, 1000)
	if err == nil {
		return ""
	}
	problems, is := err.(*Problems) //nolint:errorlint // Load promises it bare
	if !is || len(problems.List) != 1 {
		t.Fatalf("Load(%q): got %v, want one problem", environ, err)
	}
	p := problems.List[0]
	return p.Name + ": " + p.What + "; " + p.Mend
}

func TestNamesOfLaterVersionsAndOfOthersAreAnswered(t *testing.T) {
	for assignment, want := range map[string]string{
		"PERCORE_TLS_LISTEN=:443":             "belongs to a later version of percore; until then a proxy in front can do it",
		"PERCORE_TLS_CERT_FILE=/run/cert":     "belongs to a later version of percore",
		"PERCORE_STATIC=/static/=/var/www":    "belongs to a later version of percore; until then the worker can do it",
		"PERCORE_UPSTREAMS=app:8000":          "belongs to a later version of percore",
		"PERCORE_LOCATION=/api/":              "belongs to a later version of percore; until then all requests go to the fleet",
		"PERCORE_ADMIN_LISTEN=:9180":          "until then use `percore status --json`",
		"PERCORE_GZIP=on":                     "belongs to a later version of percore",
		"PERCORE_STICKY=id":                   "PERCORE_BALANCE=ip_hash",
		"PERCORE_TIMEOUT=30":                  "is not a variable of percore; use PERCORE_PROXY_READ_TIMEOUT",
		"PERCORE_THREADS=4":                   "PERCORE_WORKER_CONCURRENCY",
		"PERCORE_HOST=0.0.0.0":                "use PERCORE_LISTEN",
		"PERCORE_LOG_LEVEL=debug":             "use PERCORE_LOGLEVEL",
		"PERCORE_GRACEFUL_TIMEOUT=30":         "use PERCORE_STOP_TIMEOUT",
		"PERCORE_NUMPROCS=4":                  "use PERCORE_WORKERS",
		"PERCORE_FORWARDED_ALLOW_IPS=*":       "use PERCORE_TRUSTED_PROXIES",
		"percore_chdir=/":                     "use PERCORE_DIRECTORY",
		"PERCORE_PORT=80":                     "use PERCORE_LISTEN=:80, or PORT=80",
		"\ufeffPERCORE_WORKERS=4":             "begins with a byte order mark; save the env file as UTF-8 without one, so that it is PERCORE_WORKERS",
		"PERCORE_LOGLEVEL=warning":            "did you mean PERCORE_LOGLEVEL=warn?",
		"PERCORE_LOGLEVEL=critical":           "did you mean PERCORE_LOGLEVEL=error?",
		"PERCORE_BALANCE=leastconn":           "did you mean PERCORE_BALANCE=least_conn?",
		"PERCORE_BALANCE=roundrobin":          "did you mean PERCORE_BALANCE=round_robin?",
		"PERCORE_BALANCE=source":              "did you mean PERCORE_BALANCE=ip_hash?",
		"PERCORE_AUTORESTART=on-failure":      "did you mean PERCORE_AUTORESTART=unexpected?",
		"PERCORE_ACCESS_LOG=true":             "did you mean PERCORE_ACCESS_LOG=combined?",
		"PERCORE_EXIT_ON=any_fatal":           "did you mean PERCORE_EXIT_ON=any-fatal?",
		"PERCORE_MODE=Direct":                 "direct belongs to a later version of percore",
		"PERCORE_WORKERS=2-8":                 "a range belongs to a later version of percore",
		"PERCORE_LISTEN=off":                  "PERCORE_MODE=none has no listener",
		"PERCORE_BALANCE=xyz":                 "for example PERCORE_BALANCE=round_robin",
		"PERCORE_READY=http://127.0.0.1/ok":   "takes a path alone: percore knows where the worker listens; did you mean PERCORE_READY=http:/ok?",
		"PERCORE_READY=HTTPS://h:1":           "did you mean PERCORE_READY=http:/?",
		"PERCORE_HEALTH=/healthz":             "did you mean PERCORE_HEALTH=http:/healthz?",
		"PERCORE_HEALTH=http:healthz":         "did you mean PERCORE_HEALTH=http:/healthz?",
		`PERCORE_WORKERS="4"`:                 "has quotes that are part of the value: an env file of docker run, and a list in a compose file, take none",
		"PERCORE_DIRECTORY='/var/www'":        "write PERCORE_DIRECTORY=/var/www",
		`PERCORE_COMMAND="python3 main.py"`:   `write PERCORE_COMMAND="python3 main.py"`,
		`PERCORE_LOGLEVEL="info"`:             "write PERCORE_LOGLEVEL=info",
		"PERCORE_WORKERS=\ufeff4":             "begins with a byte order mark: save the file as UTF-8 without one; write PERCORE_WORKERS=4",
		"PERCORE_STDOUT_LOGFILE=\ufeff/x":     "begins with a byte order mark",
		"PERCORE_STOPSIGNAL=STOP":             "stops no process; choose TERM, INT or QUIT",
		"PERCORE_STOPSIGNAL=CHLD":             "stops no process",
		"PERCORE_STOPSIGNAL=RTMIN+31":         "not a signal",
		"PERCORE_STOPSIGNAL=RTMIN3":           "not a signal",
		`PERCORE_COMMAND='x'`:                 "",
		`PERCORE_COMMAND="python3" "main.py"`: "",
		"PERCORE_STOPSIGNAL=RTMIN+3":          "",
		"PERCORE_STOPSIGNAL=SIGRTMAX-1":       "",
		"PERCORE_STOPSIGNAL=WINCH":            "",
	} {
		t.Run(assignment, func(t *testing.T) {
			got := faultOf(t, assignment)
			if want == "" && got != "" || !strings.Contains(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestAFurtherProgramsNamesAreAnsweredToo(t *testing.T) {
	got := faultOf(t, "PERCORE_PROGRAMS=mail-in", "PERCORE_MAIL_IN_COMMAND=mail", "PERCORE_MAIL_IN_LOCATION=/mail/")
	if want := "PERCORE_MAIL_IN_LOCATION: belongs to a later version of percore; "; !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWhatDockersLinksSayIsPassedOver(t *testing.T) {
	for name, environ := range map[string][]string{
		"of a container called percore": {
			"PERCORE_NAME=/web/percore", "PERCORE_PORT=tcp://172.17.0.5:8080", "PERCORE_PORT_8080_TCP=tcp://172.17.0.5:8080",
			"PERCORE_PORT_8080_TCP_ADDR=172.17.0.5", "PERCORE_PORT_8080_TCP_PORT=8080", "PERCORE_PORT_8080_TCP_PROTO=tcp", "PERCORE_ENV_LANG=C",
		},
		"of one whose name begins so": {
			"PERCORE_DB_NAME=/web/percore-db", "PERCORE_DB_PORT=tcp://172.17.0.5:5432", "PERCORE_DB_PORT_5432_TCP_ADDR=172.17.0.5", "PERCORE_DB_ENV_PGDATA=/data",
		},
		"of one without a port":         {"PERCORE_DB_NAME=/web/percore-db", "PERCORE_DB_ENV_PGDATA=/data"},
		"of one with a port alone":      {"PERCORE_DB_PORT=udp://172.17.0.5:53", "PERCORE_DB_PORT_53_UDP_PROTO=udp"},
		"beside a program of that name": {"PERCORE_PROGRAMS=db", "PERCORE_DB_COMMAND=db", "PERCORE_DB_NAME=/web/percore-db", "PERCORE_DB_ENV_X=1"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := faultOf(t, environ...); got != "" {
				t.Errorf("got %s", got)
			}
		})
	}
	for _, assignment := range []string{"PERCORE_DB_PORT=5432", "PERCORE_DB_NAME=db", "PERCORE_DB_ENV_X=1"} {
		if faultOf(t, assignment) == "" {
			t.Errorf("%s, which is no link's: got no problem", assignment)
		}
	}
}
