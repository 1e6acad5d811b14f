package plan

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"percore/entrypoint/config"
	"percore/entrypoint/config/environment"
	"percore/entrypoint/self"
	"percore/lbproxy"
	"percore/reaper/cpus"
	"percore/reaper/fleet"
	"percore/reaper/lifecycle"
	"percore/reaper/output"
	"percore/reaper/probe"
)

// differing are the fields, by name and new value, in which two structs differ.
func differing(a, b any) (list []string) {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	for i := range x.NumField() {
		field, v, w := x.Type().Field(i), x.Field(i), y.Field(i)
		switch {
		case v.Kind() == reflect.Func:
		case v.Kind() == reflect.Struct && !reflect.DeepEqual(v.Interface(), w.Interface()):
			for _, inner := range differing(v.Interface(), w.Interface()) {
				if field.Anonymous {
					list = append(list, inner)
				} else {
					list = append(list, field.Name+"."+inner)
				}
			}
		case !reflect.DeepEqual(v.Interface(), w.Interface()):
			if w.Kind() == reflect.Pointer && !w.IsNil() {
				w = w.Elem()
			}
			list = append(list, fmt.Sprintf("%s=%v", field.Name, w.Interface()))
		}
	}
	return list
}

func noFiles(uint64) ([]*os.File, func(error), error) { return nil, nil, nil }

// programsOf are the programs of an environment.
func programsOf(t *testing.T, environ ...string) []fleet.Program {
	t.Helper()
	cfg, p, err := planOn(t, roomy(1000), environ...)
	if err != nil {
		t.Fatal(err)
	}
	return p.Programs(cfg, environ, nil)
}

// Each variable of a program is one field of fleet.Program, and no other changes with it.
func TestWhereTheVariablesOfAProgramGo(t *testing.T) {
	before := programsOf(t)[0]
	for assignment, want := range map[string]string{
		"PERCORE_COMMAND=sleep 5":             "Name=sleep Command=[sleep 5] Group=sleep",
		"PERCORE_WORKERS=7":                   "Workers=7",
		"PERCORE_GROUP=webs":                  "Group=webs",
		"PERCORE_NAME=web":                    "Group=web Name=web",
		"PERCORE_PORTS_FROM=9000":             "PortsFrom=9000 WorkersMax=1024",
		"PERCORE_BIND=unix":                   "Sockets=true WorkersMax=1024",
		"PERCORE_DIRECTORY=/srv":              "Dir=/srv",
		"PERCORE_UMASK=027":                   "Umask=23",
		"PERCORE_NO_NEW_PRIVS=true":           "NoNewPrivs=true",
		"PERCORE_AUTORESTART=false":           fmt.Sprint("Autorestart=", lifecycle.Never),
		"PERCORE_AUTORESTART=unexpected":      fmt.Sprint("Autorestart=", lifecycle.Unexpected),
		"PERCORE_EXITCODES=0,2":               "ExitCodes=[0 2]",
		"PERCORE_STARTSECS=3":                 "StartSecs=3s",
		"PERCORE_STARTRETRIES=9":              "StartRetries=9",
		"PERCORE_STOPSIGNAL=INT":              "StopSignal=interrupt",
		"PERCORE_STOPASGROUP=true":            "StopAsGroup=true",
		"PERCORE_STOPWAITSECS=4":              "StopWaitSecs=4s",
		"PERCORE_SIGNAL_MAP=TERM:QUIT":        "SignalMap=map[terminated:quit]",
		"PERCORE_PRIORITY=5":                  "Priority=5",
		"PERCORE_READY=none":                  fmt.Sprint("Ready.Kind=", probe.None),
		"PERCORE_READY=notify":                fmt.Sprint("Ready.Kind=", probe.Notify),
		"PERCORE_READY=http:/up":              fmt.Sprint("Ready.Path=/up Ready.Kind=", probe.HTTP),
		"PERCORE_READY_TIMEOUT=8":             "ReadyTimeout=8s",
		"PERCORE_HEALTH=http:/up":             fmt.Sprint("Health.Check.Path=/up Health.Check.Kind=", probe.HTTP),
		"PERCORE_HEALTH=tcp":                  fmt.Sprint("Health.Check.Kind=", probe.TCP),
		"PERCORE_HEALTH_INTERVAL=7":           "Health.Interval=7s",
		"PERCORE_HEALTH_TIMEOUT=6":            "Health.Timeout=6s",
		"PERCORE_HEALTH_FAILURES=5":           "Health.Failures=5",
		"PERCORE_MAX_REQUESTS=100":            "Limits.Requests=100",
		"PERCORE_MAX_REQUESTS_JITTER=10":      "Limits.RequestsJitter=10",
		"PERCORE_MAX_LIFETIME=1h":             "Limits.Lifetime=1h0m0s",
		"PERCORE_MAX_RSS=64MB":                "Limits.RSS=67108864",
		"PERCORE_REDIRECT_STDERR=true":        "RedirectStderr=true",
		"PERCORE_STDOUT_LOGFILE=/x.log":       "Stdout.Path=/x.log",
		"PERCORE_STDOUT_LOGFILE=none":         "Stdout.Path=NONE Stdout.BytesMax=0 Stdout.Backups=0",
		"PERCORE_STDOUT_LOGFILE_MAXBYTES=1MB": "Stdout.BytesMax=1048576",
		"PERCORE_STDOUT_LOGFILE_BACKUPS=3":    "Stdout.Backups=3",
		"PERCORE_STDERR_LOGFILE=/x.log":       "Stderr.Path=/x.log",
		"PERCORE_STDERR_LOGFILE_MAXBYTES=1MB": "Stderr.BytesMax=1048576",
		"PERCORE_STDERR_LOGFILE_BACKUPS=3":    "Stderr.Backups=3",
		"PERCORE_LOG_PREFIX=true":             fmt.Sprint("Framing=", output.FramePrefix),
		"PERCORE_LOG_PREFIX=json":             fmt.Sprint("Framing=", output.FrameJSON),
		"PERCORE_DRAIN_TIMEOUT=3":             "DrainTimeout=3s",
		"PERCORE_KILL_TREE=true":              "KillTree=true",
		"PERCORE_MODE=none":                   "Traffic=false WorkersMax=1024",
		"PERCORE_QUEUE_SIZE=7":                "",
		"PERCORE_LISTEN=127.0.0.1:8010":       "WorkersMax=10",
		"GREETING=hello":                      "",
	} {
		after := programsOf(t, assignment)[0]
		after.Env = before.Env
		got := strings.Fields(strings.Join(differing(before, after), " "))
		wanted := strings.Fields(want)
		slices.Sort(got)
		slices.Sort(wanted)
		if !slices.Equal(got, wanted) {
			t.Errorf("%s: got %q, want %q", assignment, got, want)
		}
	}
}

func TestTheFrontDoorsDefaultsAreTheVariables(t *testing.T) {
	cfg, p, err := planOn(t, roomy(1000))
	if err != nil {
		t.Fatal(err)
	}
	if got := differing(lbproxy.DefaultOptions(), p.FrontOptions(cfg)); len(got) > 0 {
		t.Errorf("got %q beside lbproxy's own defaults, want the same", got)
	}
}

// Each variable of the front door is one field of its options.
func TestWhereTheVariablesOfTheFrontDoorGo(t *testing.T) {
	options := func(environ ...string) lbproxy.Options {
		cfg, p, err := planOn(t, roomy(1000), environ...)
		if err != nil {
			t.Fatal(err)
		}
		return p.FrontOptions(cfg)
	}
	fields := map[string]string{
		"PERCORE_LOOPS=3": "Loops=3", "PERCORE_BALANCE=ip_hash": "Balance=ip_hash",
		"PERCORE_PROXY_NEXT_UPSTREAM=off":        "NextUpstream=false",
		"PERCORE_CLIENT_MAX_BODY_SIZE=1KB":       "ClientMaxBodySize=1024",
		"PERCORE_CLIENT_BODY_BUFFER_SIZE=1KB":    "ClientBodyBufferSize=1024",
		"PERCORE_PROXY_REQUEST_BUFFERING=off":    "ProxyRequestBuffering=false",
		"PERCORE_PROXY_BUFFERING=off":            "ProxyBuffering=false",
		"PERCORE_PROXY_MAX_TEMP_FILE_SIZE=1KB":   "ProxyMaxTempFileSize=1024",
		"PERCORE_CLIENT_BODY_TEMP_PATH=/x":       "ClientBodyTempPath=/x",
		"PERCORE_CLIENT_BODY_TEMP_PATH=memory":   "",
		"PERCORE_TEMP_SIZE=1MB":                  "TempSize=1048576",
		"PERCORE_CLIENT_MAX_HEADER_SIZE=2KB":     "ClientMaxHeaderSize=2048",
		"PERCORE_CLIENT_MAX_HEADER_FIELDS=11":    "ClientMaxHeaderFields=11",
		"PERCORE_CLIENT_HEADER_TIMEOUT=3":        "ClientHeaderTimeout=3s",
		"PERCORE_CLIENT_BODY_TIMEOUT=3":          "ClientBodyTimeout=3s",
		"PERCORE_CLIENT_BODY_MIN_RATE=9":         "ClientBodyMinRate=9",
		"PERCORE_PROXY_IGNORE_CLIENT_ABORT=true": "ProxyIgnoreClientAbort=true",
		"PERCORE_SEND_TIMEOUT=3":                 "SendTimeout=3s", "PERCORE_KEEPALIVE_TIMEOUT=3": "KeepaliveTimeout=3s",
		"PERCORE_PROXY_CONNECT_TIMEOUT=3": "ProxyConnectTimeout=3s",
		"PERCORE_PROXY_READ_TIMEOUT=3":    "ProxyReadTimeout=3s",
		"PERCORE_PROXY_BUFFER_SIZE=8KB":   "ProxyBufferSize=8192",
		"PERCORE_TUNNEL_TIMEOUT=3":        "TunnelTimeout=3s", "PERCORE_KEEPALIVE=5": "Keepalive=5",
		"PERCORE_PROXY_KEEPALIVE_TIMEOUT=3": "ProxyKeepaliveTimeout=3s",
		"PERCORE_WORKER_CONCURRENCY=2":      "WorkerConcurrency=2", "PERCORE_QUEUE_SIZE=3": "QueueSize=3",
		"PERCORE_QUEUE_TIMEOUT=3": "QueueTimeout=3s", "PERCORE_READY_TIMEOUT=3": "ReadyTimeout=3s",
		"PERCORE_ACCESS_LOG=json": "AccessLog=json", "PERCORE_ACCESS_LOG_SAMPLE=0.5": "AccessLogSample=0.5",
		"PERCORE_ACCESS_LOG_EXCLUDE=/a":      "AccessLogExclude=[/a]",
		"PERCORE_TRUSTED_PROXIES=10.0.0.0/8": "TrustedProxies=[10.0.0.0/8]",
		"PERCORE_TRUSTED_PROXIES=unix":       "TrustedUnix=true", "PERCORE_TRUSTED_HOPS=2": "TrustedHops=2",
		"PERCORE_VIA=percore": "Via=percore", "PERCORE_PROXY_PROTOCOL=true": "ProxyProtocol=true",
		"PERCORE_ALLOW_BARE_LF=true": "AllowBareLF=true", "PERCORE_WORKERS=3": "",
	}
	before := options()
	for assignment, want := range fields {
		after := options(assignment)
		got := differing(before.Services[0], after.Services[0])
		after.Services = before.Services
		if got := strings.Join(append(got, differing(before, after)...), " "); got != want {
			t.Errorf("%s: got %q, want %q", assignment, got, want)
		}
	}
	for _, v := range config.Reference() {
		named := func(assignment string) bool { return strings.HasPrefix(assignment, v.Name+"=") }
		isNo := v.Group != "front door" || slices.Contains([]string{"PERCORE_LISTEN", "PORT", "PERCORE_FRONT_USER"}, v.Name)
		if known := slices.ContainsFunc(slices.Collect(maps.Keys(fields)), named); !known && !isNo {
			t.Errorf("%s is a variable of the front door, and this test does not say where it goes", v.Name)
		}
	}
}

func TestTheProgramsOfAFleet(t *testing.T) {
	further := []string{"PERCORE_PROGRAMS=mail,cron", "PERCORE_MAIL_COMMAND=mailer", "PERCORE_MAIL_WORKERS=3", "PERCORE_CRON_COMMAND=crond"}
	for name, c := range map[string]struct {
		environ []string
		front   bool
		want    []string // name, workers, and what it is
	}{
		"the fleet alone":       {want: []string{"true 2 traffic critical"}},
		"behind the front door": {front: true, want: []string{"true 2 traffic critical", "front 1 vital internal late"}},
		"without traffic":       {environ: []string{"PERCORE_MODE=none"}, want: []string{"true 2 critical"}},
		"with further programs": {
			environ: further, front: true,
			want: []string{"true 2 traffic critical", "mail 3", "cron 1", "front 1 vital internal late"},
		},
		"further programs alone": {
			environ: append([]string{"PERCORE_COMMAND=", "PERCORE_MODE=none"}, further...),
			want:    []string{"mail 3 critical", "cron 1 critical"},
		},
	} {
		cfg, p, err := planOn(t, roomy(1000), c.environ...)
		if err != nil {
			t.Fatal(err)
		}
		var files Files
		if c.front {
			files = noFiles
		}
		var got []string
		for _, program := range p.Programs(cfg, c.environ, files) {
			text := fmt.Sprintf("%s %d", program.Name, program.Workers)
			for _, f := range []struct {
				word string
				is   bool
			}{{"traffic", program.Traffic}, {"critical", program.Critical}, {"vital", program.Vital}, {"internal", program.Internal}, {"late", program.Late}} {
				if f.is {
					text += " " + f.word
				}
			}
			got = append(got, text)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestTheFrontDoorAsAProgram(t *testing.T) {
	cfg, p, err := planOn(t, roomy(0), "PERCORE_LOOPS=2")
	if err != nil {
		t.Fatal(err)
	}
	list := p.Programs(cfg, []string{"SECRET=x"}, noFiles)
	front := list[len(list)-1]
	if front.Group+":"+front.Name != FrontTitle || front.Path != self.Exe || front.Credential.UID != 65534 || front.Files == nil || front.Check == nil {
		t.Errorf("got %+v, want this binary once more, as another user", front)
	}
	if front.StartRetries >= 0 || front.StopSignal != syscall.SIGTERM || front.StartSecs != time.Second || !front.Inherit {
		t.Errorf("got %+v, want one that is never given up", front)
	}
	if got := strings.Join(front.Env, " "); got != "PERCORE_ROLE=front GOMAXPROCS=4" {
		t.Errorf("environment: got %q, want no more than its role and its threads", got)
	}
	for _, other := range list[:len(list)-1] {
		if other.Priority <= front.Priority {
			t.Errorf("%s has priority %d, and the front door %d: it would not stop last", other.Name, other.Priority, front.Priority)
		}
	}
}

func TestADemosWorkersAreThisBinary(t *testing.T) {
	cfg, p, err := planOn(t, roomy(1000))
	if err != nil {
		t.Fatal(err)
	}
	p.Role = environment.RoleDemoWorker
	got := p.Programs(cfg, []string{"A=1"}, nil)[0]
	if got.Path != self.Exe || !slices.Equal(got.Env, []string{"A=1", "PERCORE_ROLE=demo-worker", "GOMAXPROCS=1"}) {
		t.Errorf("got path %s and environment %q", got.Path, got.Env)
	}
}

func TestPrestartRunsOnceBeforeAll(t *testing.T) {
	cfg, p, err := planOn(
		t, roomy(1000), "PERCORE_PRESTART=migrate --all", "PERCORE_DIRECTORY=/srv", "PERCORE_STDOUT_LOGFILE=/x.log",
		"PERCORE_PIN_CPUS=true", "PERCORE_BIND=unix",
	)
	if err != nil {
		t.Fatal(err)
	}
	list := p.Prestart(cfg, []string{"A=1"})
	if len(list) != 1 {
		t.Fatalf("got %+v, want one program", list)
	}
	got := list[0]
	if strings.Join(got.Command, " ") != "migrate --all" || got.Dir != "/srv" || got.Workers != 1 || !got.First || !got.Internal || got.Traffic {
		t.Errorf("got %+v, want it once and first, in the fleet's folder", got)
	}
	if got.PortsFrom != 0 || got.Sockets || got.CPUs != nil || got.Stdout.Path != "" || !slices.Contains(got.Env, "A=1") {
		t.Errorf("got %+v, want no port, socket, CPU or log file of a worker's", got)
	}
	if cfg, p, err = planOn(t, roomy(1000)); err != nil || p.Prestart(cfg, nil) != nil {
		t.Errorf("where none is wanted: got %v and %v", p, err)
	}
}

func TestSecretsStayWithPID1(t *testing.T) {
	for _, program := range programsOf(t, "PERCORE_PROGRAMS=a", "PERCORE_A_COMMAND=true", "WEB_CONCURRENCY=4", "GREETING=hello") {
		if env := strings.Join(program.Env, " "); strings.Contains(env, "WEB_CONCURRENCY") || !strings.Contains(env, "GREETING=hello") {
			t.Errorf("%s: got %q, want the greeting and no WEB_CONCURRENCY", program.Name, env)
		}
	}
}

func TestWorkersArePinnedWhereThatIsWanted(t *testing.T) {
	if got := programsOf(t, "PERCORE_PIN_CPUS=true")[0].CPUs; len(got) == 0 || !slices.Equal(got, cpus.Set()) {
		t.Errorf("got %v, want the CPUs that this process may use, %v", got, cpus.Set())
	}
	if got := programsOf(t)[0].CPUs; got != nil {
		t.Errorf("where it is not: got %v", got)
	}
}
