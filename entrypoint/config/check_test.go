package config_test

import (
	"slices"
	"strings"
	"testing"

	"percore/entrypoint/config"
)

func TestContradictions(t *testing.T) {
	cases := []struct {
		name    string
		environ []string
		want    []string
	}{
		{"a worker on the front door's port", []string{"PERCORE_PORTS_FROM=8078", "PERCORE_WORKERS=4"}, []string{
			"PERCORE_PORTS_FROM: worker 2 would need port 8080, which the front door listens on (:8080); for example PERCORE_PORTS_FROM=9000",
		}},
		{"the first worker is there however many there are", []string{"PORT=8000"}, []string{
			"PERCORE_PORTS_FROM: worker 0 would need port 8000, which the front door listens on (:8000); for example PERCORE_PORTS_FROM=9000",
		}},
		{"the advice keeps clear of every listener", []string{"PERCORE_LISTEN=:8000,10.0.0.1:9001,:10000", "PERCORE_WORKERS=4"}, []string{
			"PERCORE_PORTS_FROM: worker 0 would need port 8000, which the front door listens on (:8000); for example PERCORE_PORTS_FROM=11000",
		}},
		{"IPv6's any address takes IPv4 too", []string{"PERCORE_LISTEN=[::]:8000"}, []string{
			"PERCORE_PORTS_FROM: worker 0 would need port 8000, which the front door listens on ([::]:8000); for example PERCORE_PORTS_FROM=9000",
		}},
		{
			"the same port on another address",
			[]string{"PERCORE_LISTEN=10.0.0.1:8000,[::1]:8000,127.0.0.2:8000"},
			nil,
		},
		{"workers on unix sockets use no port", []string{"PERCORE_BIND=unix", "PERCORE_PORTS_FROM=8080"}, nil},
		{"yet they have one in their names", []string{"PERCORE_BIND=unix", "PERCORE_PORTS_FROM=65535", "PERCORE_WORKERS=2"}, []string{
			"PERCORE_PORTS_FROM: 2 workers from port 65535 on would need port 65536; choose at most PERCORE_PORTS_FROM=65534",
		}},
		{"without root no socket has to be opened to the front door", []string{"PERCORE_BIND=unix", "PERCORE_READY=none"}, nil},
		{"what workers cannot listen on", []string{"PERCORE_BIND=udp"}, []string{
			"PERCORE_BIND: must be one of tcp, unix; for example PERCORE_BIND=unix",
		}},
		{"a unix socket has no port", []string{"PERCORE_LISTEN=unix:/run/8000"}, nil},
		{"no listener, no contradiction", []string{"PERCORE_MODE=none", "PERCORE_PORTS_FROM=8080"}, nil},
		{"ports beyond the last", []string{"PERCORE_PORTS_FROM=65534", "PERCORE_WORKERS=3"}, []string{
			"PERCORE_PORTS_FROM: 3 workers from port 65534 on would need port 65536; choose at most PERCORE_PORTS_FROM=65533",
		}},
		{"ports up to the last", []string{"PERCORE_PORTS_FROM=65534", "PERCORE_WORKERS=2"}, nil},
		{"a faulty value keeps its contradictions to itself", []string{"PERCORE_LISTEN=x", "PERCORE_PORTS_FROM=8080"}, []string{
			"PERCORE_LISTEN: is not an address with a port from 1 to 65535; for example PERCORE_LISTEN=:80,[::1]:8080",
		}},
		{"hops that are believed by number and by address", []string{"PERCORE_TRUSTED_HOPS=1", "PERCORE_TRUSTED_PROXIES=10.0.0.0/8"}, []string{
			"PERCORE_TRUSTED_HOPS: contradicts PERCORE_TRUSTED_PROXIES: percore knows proxies by their addresses or by their number; unset one of them",
		}},
		{"a number of hops and PROXY headers", []string{"PERCORE_TRUSTED_HOPS=1", "PERCORE_PROXY_PROTOCOL=on"}, []string{
			"PERCORE_TRUSTED_HOPS: contradicts PERCORE_PROXY_PROTOCOL, which goes by addresses; name the balancer in PERCORE_TRUSTED_PROXIES instead",
		}},
		{"a lame duck that outlives the shutdown", []string{"PERCORE_LAME_DUCK=9"}, []string{
			"PERCORE_LAME_DUCK: leaves nothing of PERCORE_STOP_TIMEOUT, which is 9s; make it shorter, or PERCORE_STOP_TIMEOUT longer",
		}},
		{"a uid that only root can take", []string{"PERCORE_USER=33", "PERCORE_FRONT_USER=65534:65534"}, []string{
			"PERCORE_USER: takes a percore that starts as root, and this one runs as uid 1000; unset it, or start percore as root",
			"PERCORE_FRONT_USER: takes a percore that starts as root, and this one runs as uid 1000; unset it, or start percore as root",
		}},
		{
			"one's own uid, or a name that may be one's own",
			[]string{"PERCORE_USER=1000", "PERCORE_FRONT_USER=web"},
			nil,
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := problemsOf(t, c.environ...); !slices.Equal(got, c.want) {
				t.Errorf("Load(%q)\n got %q\nwant %q", c.environ, got, c.want)
			}
		})
	}
}

func TestASocketThatNobodyOpensToTheFrontDoorIsAContradiction(t *testing.T) {
	for _, c := range []struct {
		name    string
		environ []string
		faulty  bool
	}{
		{"root, and no word of when the socket is there", []string{"PERCORE_BIND=unix", "PERCORE_READY=none"}, true},
		{"the worker's word", []string{"PERCORE_BIND=unix", "PERCORE_READY=notify"}, false},
		{"by default percore connects", []string{"PERCORE_BIND=unix"}, false},
		{"no front door", []string{"PERCORE_BIND=unix", "PERCORE_READY=none", "PERCORE_MODE=none"}, false},
	} {
		_, _, err := config.Load(c.environ, 0)
		if got := err != nil && strings.Contains(err.Error(), "PERCORE_READY"); got != c.faulty {
			t.Errorf("%s: got %v, want a problem: %v", c.name, err, c.faulty)
		}
	}
}

func TestCheckPorts(t *testing.T) {
	cfg := mustLoad(t, someUID, "PERCORE_PORTS_FROM=65000", "PERCORE_LISTEN=:65100")
	for _, c := range []struct {
		name    string
		workers int
		want    string
	}{
		{"few", 4, ""},
		{"up to the listener", 100, ""},
		{"onto the listener", 101, "worker 100 would need port 65100"},
		{"beyond the last port", 600, "600 workers from port 65000 on would need port 65599"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := cfg.CheckPorts(c.workers)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("CheckPorts(%d): got %v, want %q", c.workers, err, c.want)
			}
		})
	}
}

func TestWarnings(t *testing.T) {
	cases := []struct {
		name    string
		environ []string
		want    []string
	}{
		{"an operator of a shell that does not run", []string{"PERCORE_COMMAND=a && b | c"}, []string{
			`PERCORE_COMMAND: holds "&&", which the program gets as an argument: no shell runs; for a shell, write sh -c "exec ..."`,
		}},
		{"the same for a shell", []string{`PERCORE_COMMAND=sh -c "a && b"`}, nil},
		{"exit codes that nothing asks for", []string{"PERCORE_EXITCODES=2"}, []string{
			"PERCORE_EXITCODES=2: has no effect; it counts only with PERCORE_AUTORESTART=unexpected",
		}},
		{"exit codes that count", []string{"PERCORE_EXITCODES=2", "PERCORE_AUTORESTART=unexpected"}, nil},
		{"a PROXY header that no client is believed", []string{"PERCORE_PROXY_PROTOCOL=on"}, []string{
			"PERCORE_PROXY_PROTOCOL=true: believes no header: every client will have the address of the balancer; name the balancer in PERCORE_TRUSTED_PROXIES",
		}},
		{"a PROXY header that a balancer is believed", []string{"PERCORE_PROXY_PROTOCOL=on", "PERCORE_TRUSTED_PROXIES=10.0.0.0/8"}, nil},
		{"an address in a mode without listener", []string{"PERCORE_LISTEN=:80", "PERCORE_MODE=none"}, []string{
			"PERCORE_LISTEN=:80: has no effect; nothing listens with PERCORE_MODE=none",
		}},
		{"files for responses that are not held", []string{"PERCORE_PROXY_MAX_TEMP_FILE_SIZE=1MB", "PERCORE_PROXY_BUFFERING=off"}, []string{
			"PERCORE_PROXY_MAX_TEMP_FILE_SIZE=1MB: has no effect; with PERCORE_PROXY_BUFFERING=false no response is held",
		}},
		{"files for responses that are held", []string{"PERCORE_PROXY_MAX_TEMP_FILE_SIZE=1MB"}, nil},
		{"a place for files of requests alone", []string{"PERCORE_TEMP_SIZE=9MB", "PERCORE_CLIENT_BODY_TEMP_PATH=/x", "PERCORE_PROXY_BUFFERING=off"}, nil},
		{"of responses alone", []string{"PERCORE_TEMP_SIZE=9MB", "PERCORE_CLIENT_BODY_TEMP_PATH=/x", "PERCORE_PROXY_REQUEST_BUFFERING=off"}, nil},
		{
			"a place for files that there will not be",
			[]string{"PERCORE_TEMP_SIZE=9MB", "PERCORE_CLIENT_BODY_TEMP_PATH=/x", "PERCORE_PROXY_REQUEST_BUFFERING=off", "PERCORE_PROXY_BUFFERING=off"},
			[]string{
				"PERCORE_CLIENT_BODY_TEMP_PATH=/x: has no effect; nothing is held in files with PERCORE_PROXY_REQUEST_BUFFERING=false and PERCORE_PROXY_BUFFERING=false",
				"PERCORE_TEMP_SIZE=9MB: has no effect; nothing is held in files with PERCORE_PROXY_REQUEST_BUFFERING=false and PERCORE_PROXY_BUFFERING=false",
			},
		},
		{
			"nor any for responses, which are held in memory alone",
			[]string{"PERCORE_TEMP_SIZE=9MB", "PERCORE_PROXY_REQUEST_BUFFERING=off", "PERCORE_PROXY_MAX_TEMP_FILE_SIZE=0"},
			[]string{
				"PERCORE_TEMP_SIZE=9MB: has no effect; nothing is held in files with PERCORE_PROXY_REQUEST_BUFFERING=false and PERCORE_PROXY_MAX_TEMP_FILE_SIZE=0",
			},
		},
		{"a platform's PORT in a mode without listener", []string{"PORT=5000", "PERCORE_MODE=none"}, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, warnings, err := config.Load(c.environ, someUID)
			if err != nil {
				t.Fatalf("Load(%q): %v", c.environ, err)
			}
			var got []string
			for _, w := range warnings {
				got = append(got, w.String())
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("Load(%q)\n got %q\nwant %q", c.environ, got, c.want)
			}
		})
	}
}

func TestCheckProcesses(t *testing.T) {
	environ := []string{
		"PERCORE_PROGRAMS=mailer,cron", "PERCORE_MAILER_COMMAND=mailer", "PERCORE_CRON_COMMAND=cron", "PERCORE_MAILER_PORTS_FROM=8004",
		"PERCORE_CRON_GROUP=app", "PERCORE_CRON_NAME=web",
	}
	for _, c := range []struct {
		name    string
		command []string
		workers int
		want    string
	}{
		{"no fleet", nil, 0, ""},
		{"a fleet of another name", []string{"./web"}, 4, ""},
		{"as many workers as reach the mailer's port", []string{"./web"}, 5, "mailer would need port 8004, which the fleet proper uses"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := mustLoad(t, someUID, environ...)
			cfg.UseArguments(c.command)
			err := cfg.CheckProcesses(c.workers)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	cfg := mustLoad(t, someUID, append(environ, "PERCORE_GROUP=app")...)
	cfg.UseArguments([]string{"./web"})
	if err := cfg.CheckProcesses(1); err == nil || !strings.Contains(err.Error(), "gives the processes of cron the name app:web") {
		t.Errorf("a fleet that is called as a program: got %v, want a problem of PERCORE_PROGRAMS", err)
	}
}

// What a user of root's may not have is found before the kernel refuses it.
func TestUsersThatOnlyRootCanGive(t *testing.T) {
	for _, c := range []struct {
		user   string
		uid    int
		faulty bool
	}{
		{"33", 0, false},
		{"33:33", 0, false},
		{"33", 33, false},
		{"33:44", 33, false},
		{"33", 1000, true},
		{"0", 1000, true},
		{"www-data", 1000, false}, // may be uid 1000: the password file knows
		{"www-data:www-data", 0, false},
	} {
		for _, variable := range []string{"PERCORE_USER", "PERCORE_FRONT_USER"} {
			_, _, err := config.Load([]string{variable + "=" + c.user}, c.uid)
			if got := err != nil && strings.Contains(err.Error(), variable); got != c.faulty {
				t.Errorf("%s=%s as uid %d: got error %v, want one: %t", variable, c.user, c.uid, err, c.faulty)
			}
		}
	}
}

func TestALogFileThatIsNotUsedIsAWarning(t *testing.T) {
	_, warnings, err := config.Load([]string{"PERCORE_STDERR_LOGFILE=/var/log/e", "PERCORE_REDIRECT_STDERR=on"}, someUID)
	want := "PERCORE_STDERR_LOGFILE=/var/log/e: has no effect; with PERCORE_REDIRECT_STDERR stderr goes where stdout goes"
	if err != nil || len(warnings) != 1 || warnings[0].String() != want {
		t.Errorf("got %v and error %v, want %s", warnings, err, want)
	}
}
