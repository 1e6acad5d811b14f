package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"percore/entrypoint/config"
	"percore/entrypoint/config/value"
)

const someUID = 1000

// mustLoad loads a faultless environment.
func mustLoad(t *testing.T, uid int, environ ...string) *config.Config {
	t.Helper()
	cfg, warnings, err := config.Load(environ, uid)
	if err != nil {
		t.Fatalf("Load(%q): %v", environ, err)
	}
	if len(warnings) > 0 {
		t.Errorf("Load(%q): got warnings %v, want none", environ, warnings)
	}
	return cfg
}

// problemsOf loads a faulty environment and writes each problem as `name: what; mend`.
func problemsOf(t *testing.T, environ ...string) []string {
	t.Helper()
	cfg, _, err := config.Load(environ, someUID)
	if err != nil && cfg != nil {
		t.Fatalf("Load(%q): got config %v and error %v, want no config", environ, cfg, err)
	}
	return problemsIn(t, err)
}

// problemsIn are the lines of a *config.Problems.
func problemsIn(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	var problems *config.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("got error %v, want *Problems", err)
	}
	var lines []string
	for _, p := range problems.List {
		lines = append(lines, p.Name+": "+p.What+"; "+p.Mend)
	}
	return lines
}

// effective finds one line of what `percore check` prints: value, source and reason.
func effective(cfg *config.Config, name string) string {
	list := cfg.Sources()
	s := list[slices.IndexFunc(list, func(s config.Setting) bool { return s.Name == name })]
	return strings.TrimSpace(s.Value + " from " + string(s.Source) + " " + s.Reason)
}

func TestLoadDefaults(t *testing.T) {
	cfg := mustLoad(t, someUID)
	checks := []struct {
		name      string
		got, want any
	}{
		{"mode", cfg.Mode, value.ModeHTTP},
		{"workers", cfg.Workers, value.Auto},
		{"ports", cfg.PortsFrom, value.Int(8000)},
		{"restart", cfg.Autorestart, value.RestartAlways},
		{"exit codes", cfg.Exitcodes.String(), "0"},
		{"start seconds", time.Duration(cfg.StartSecs), time.Second},
		{"stop signal", syscall.Signal(cfg.StopSignal), syscall.SIGTERM},
		{"readiness", cfg.Ready, value.Ready{Kind: value.ReadyTCP}},
		{"stop timeout", time.Duration(cfg.StopTimeout), 9 * time.Second},
		{"listen", cfg.Listen.String(), ":8080"},
		{"balance", cfg.Balance, value.LeastConn},
		{"next upstream", cfg.ProxyNextUpstream, value.NextUpstreamError},
		{"body size", cfg.ClientMaxBodySize, value.Size(50 << 20)},
		{"body buffer", cfg.ClientBodyBufferSize, value.Size(64 << 10)},
		{"tunnel", time.Duration(cfg.TunnelTimeout), time.Hour},
		{"loops", cfg.Loops, value.Auto},
		{"access log", cfg.AccessLog, value.AccessLogOff},
		{"log level", cfg.LogLevel.Level().String(), "INFO"},
		{"log format", cfg.LogFormat, value.LogAuto},
		{"strict", cfg.Strict, value.Bool(true)},
		{"front user of an ordinary user", cfg.FrontUser, value.User("")},
		{"command", len(cfg.Command.Words), 0},
		{"name without a command", cfg.Name, value.Label("")},
	}
	for _, c := range checks {
		if c.got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, c.got, c.want)
		}
	}
}

func TestLoadValues(t *testing.T) {
	cases := []struct {
		name     string
		uid      int
		environ  []string
		variable string
		want     string
	}{
		{
			"a plain value",
			someUID,
			[]string{"PERCORE_WORKERS=4"},
			"PERCORE_WORKERS",
			"4 from environment",
		},
		{
			"an empty value is unset",
			someUID,
			[]string{"PERCORE_WORKERS="},
			"PERCORE_WORKERS",
			"auto from default",
		},
		{
			"a value of white space is unset",
			someUID,
			[]string{"PERCORE_WORKERS= \r"},
			"PERCORE_WORKERS",
			"auto from default",
		},
		{
			"white space around a value is cut",
			someUID,
			[]string{"PERCORE_WORKERS= 4\r"},
			"PERCORE_WORKERS",
			"4 from environment",
		},
		{
			"an enumeration in capitals",
			someUID,
			[]string{"PERCORE_LOGLEVEL=DEBUG"},
			"PERCORE_LOGLEVEL",
			"debug from environment",
		},
		{
			"WEB_CONCURRENCY counts when ours is unset",
			someUID,
			[]string{"WEB_CONCURRENCY=3"},
			"PERCORE_WORKERS",
			"3 from WEB_CONCURRENCY",
		},
		{
			"WEB_CONCURRENCY may be auto",
			someUID,
			[]string{"WEB_CONCURRENCY=auto"},
			"PERCORE_WORKERS",
			"auto from WEB_CONCURRENCY",
		},
		{
			"a blank WEB_CONCURRENCY is unset",
			someUID,
			[]string{"WEB_CONCURRENCY= "},
			"PERCORE_WORKERS",
			"auto from default",
		},
		{
			"ours wins over WEB_CONCURRENCY, right or wrong",
			someUID,
			[]string{"WEB_CONCURRENCY=x", "PERCORE_WORKERS=2"},
			"PERCORE_WORKERS",
			"2 from environment",
		},
		{"PORT moves the listener", someUID, []string{"PORT=5000"}, "PERCORE_LISTEN", ":5000 from PORT"},
		{
			"ours wins over PORT, right or wrong",
			someUID,
			[]string{"PORT=tcp://x", "PERCORE_LISTEN=:81"},
			"PERCORE_LISTEN",
			":81 from environment",
		},
		{
			"PORT is shown where it counts",
			someUID,
			[]string{"PORT=5000"},
			"PORT",
			"5000 from environment",
		},
		{"Docker's grace", someUID, nil, "PERCORE_STOP_TIMEOUT", "9s from default Docker grants 10s"},
		{
			"ECS's grace", someUID,
			[]string{"ECS_CONTAINER_METADATA_URI=http://x", "ECS_CONTAINER_METADATA_URI_V4=http://x"},
			"PERCORE_STOP_TIMEOUT", "29s from detected ECS grants 30s: ECS_CONTAINER_METADATA_URI_V4 is set",
		},
		{
			"an older ECS's grace", someUID,
			[]string{"ECS_CONTAINER_METADATA_URI=http://x"},
			"PERCORE_STOP_TIMEOUT", "29s from detected ECS grants 30s: ECS_CONTAINER_METADATA_URI is set",
		},
		{
			"Kubernetes's grace", someUID,
			[]string{"KUBERNETES_SERVICE_HOST=10.0.0.1"},
			"PERCORE_STOP_TIMEOUT", "29s from detected Kubernetes grants 30s: KUBERNETES_SERVICE_HOST is set",
		},
		{
			"a chosen grace wins over the platform's", someUID,
			[]string{"KUBERNETES_SERVICE_HOST=10.0.0.1", "PERCORE_STOP_TIMEOUT=55"},
			"PERCORE_STOP_TIMEOUT", "55s from environment",
		},
		{
			"root's front door is nobody's",
			0,
			nil,
			"PERCORE_FRONT_USER",
			"65534:65534 from detected percore runs as root",
		},
		{
			"another front user",
			0,
			[]string{"PERCORE_FRONT_USER=web"},
			"PERCORE_FRONT_USER",
			"web from environment",
		},
		{"nobody else's front door changes", someUID, nil, "PERCORE_FRONT_USER", "from default"},
		{
			"names come from the command", someUID,
			[]string{"PERCORE_COMMAND=/usr/bin/python3 main.py"},
			"PERCORE_GROUP", `main from command PERCORE_NAME`,
		},
		{
			"a chosen name stays",
			someUID,
			[]string{"PERCORE_COMMAND=python3 main.py", "PERCORE_NAME=tornado"},
			"PERCORE_NAME",
			"tornado from environment",
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			cfg := mustLoad(t, c.uid, c.environ...)
			if got := effective(cfg, c.variable); got != c.want {
				t.Errorf("Load(%q): got %s, want %s", c.environ, got, c.want)
			}
		})
	}
}

func TestIsSet(t *testing.T) {
	cfg := mustLoad(t, 0, "PERCORE_WORKERS=2", "PORT=5000")
	for name, want := range map[string]bool{
		"PERCORE_WORKERS": true, "PERCORE_LISTEN": false, "PERCORE_FRONT_USER": false, "PERCORE_MODE": false,
	} {
		if got := cfg.IsSet(name); got != want {
			t.Errorf("IsSet(%s): got %t, want %t", name, got, want)
		}
	}
}

func TestUseArguments(t *testing.T) {
	cfg := mustLoad(t, someUID, "PERCORE_COMMAND=./old.sh", "PERCORE_GROUP=tornadoes")
	cfg.UseArguments(nil)
	if got, want := effective(cfg, "PERCORE_NAME"), `old from command the base name of "./old.sh"`; got != want {
		t.Errorf("without arguments: got %s, want %s", got, want)
	}
	cfg.UseArguments([]string{"python3", "my app.py"})
	for name, want := range map[string]string{
		"PERCORE_COMMAND": "python3 'my app.py' from arguments",
		"PERCORE_NAME":    `my-app from command the base name of "my app.py"`,
		"PERCORE_GROUP":   "tornadoes from environment",
	} {
		if got := effective(cfg, name); got != want {
			t.Errorf("with arguments: got %s, want %s", got, want)
		}
	}
}

func TestLoadProblems(t *testing.T) {
	cases := []struct {
		name    string
		environ []string
		want    []string
	}{
		{
			"a mode that is not there yet",
			[]string{"PERCORE_MODE=tcp"},
			[]string{"PERCORE_MODE: must be one of http, none, init; tcp belongs to a later version of percore"},
		},
		{
			"too many workers",
			[]string{"PERCORE_WORKERS=1025"},
			[]string{"PERCORE_WORKERS: must be at most 1024; for example PERCORE_WORKERS=4"},
		},
		{
			"too many loops",
			[]string{"PERCORE_LOOPS=257"},
			[]string{"PERCORE_LOOPS: must be at most 256; for example PERCORE_LOOPS=2"},
		},
		{
			"a port of 0",
			[]string{"PERCORE_PORTS_FROM=0"},
			[]string{"PERCORE_PORTS_FROM: must be at least 1; for example PERCORE_PORTS_FROM=9000"},
		},
		{
			"a timeout of 0 where it makes no sense",
			[]string{"PERCORE_READY_TIMEOUT=0"},
			[]string{"PERCORE_READY_TIMEOUT: must be at least 1ms; for example PERCORE_READY_TIMEOUT=120"},
		},
		{
			"a timeout of 0 where it makes sense",
			[]string{"PERCORE_QUEUE_TIMEOUT=0", "PERCORE_LAME_DUCK=0", "PERCORE_STARTSECS=0"},
			nil,
		},
		{
			"too short a budget",
			[]string{"PERCORE_STOP_TIMEOUT=0.5"},
			[]string{"PERCORE_STOP_TIMEOUT: must be at least 1s; for example PERCORE_STOP_TIMEOUT=25"},
		},
		{
			"a faulty WEB_CONCURRENCY that counts",
			[]string{"WEB_CONCURRENCY=x"},
			[]string{"WEB_CONCURRENCY: is neither auto nor a whole number; for example WEB_CONCURRENCY=4"},
		},
		{
			"a faulty PORT that counts",
			[]string{"PORT=99999"},
			[]string{"PORT: must be at most 65535; for example PORT=8080"},
		},
		{
			"an example with spaces is quoted",
			[]string{"PERCORE_COMMAND='"},
			[]string{`PERCORE_COMMAND: has a single quote that is never closed; for example PERCORE_COMMAND="python3 main.py --port={port}"`},
		},
		{
			"a command of empty quotes",
			[]string{"PERCORE_COMMAND=''"},
			[]string{`PERCORE_COMMAND: names no program; for example PERCORE_COMMAND="python3 main.py --port={port}"`},
		},
		{
			"no file",
			[]string{"PERCORE_NAME_FILE=/nowhere/name"},
			[]string{"PERCORE_NAME_FILE: cannot be read: no such file or directory; name a readable file, or unset PERCORE_NAME_FILE"},
		},
		{
			"a folder for a file",
			[]string{"PERCORE_NAME_FILE=/"},
			[]string{"PERCORE_NAME_FILE: cannot be read: is a directory; name a readable file, or unset PERCORE_NAME_FILE"},
		},
		{
			"both the variable and its file",
			[]string{"PERCORE_NAME=a", "PERCORE_NAME_FILE=/a"},
			[]string{"PERCORE_NAME: is set, and so is PERCORE_NAME_FILE; unset one of them"},
		},
		{
			"a slip",
			[]string{"PERCORE_WORKRES=3"},
			[]string{"PERCORE_WORKRES: is not a variable of percore; did you mean PERCORE_WORKERS?"},
		},
		{
			"a slip in a file's name",
			[]string{"PERCORE_WORKRES_FILE=/x"},
			[]string{"PERCORE_WORKRES_FILE: is not a variable of percore; did you mean PERCORE_WORKERS_FILE?"},
		},
		{
			"a slip in a name that looks like a service's",
			[]string{"PERCORE_PORTS_FORM=9000"},
			[]string{"PERCORE_PORTS_FORM: is not a variable of percore; did you mean PERCORE_PORTS_FROM?"},
		},
		{
			"a name like nothing of ours",
			[]string{"PERCORE_COMPLETELY_DIFFERENT=1"},
			[]string{"PERCORE_COMPLETELY_DIFFERENT: is not a variable of percore; `percore env` lists them all"},
		},
		{"STRICT itself may be wrong", []string{"PERCORE_STRICT=maybe", "PERCORE_X=1"}, []string{
			"PERCORE_STRICT: is not a boolean: write true, yes, on, 1, false, no, off or 0; for example PERCORE_STRICT=false",
			"PERCORE_X: is not a variable of percore; `percore env` lists them all",
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := problemsOf(t, c.environ...); !slices.Equal(got, c.want) {
				t.Errorf("Load(%q)\n got %q\nwant %q", c.environ, got, c.want)
			}
		})
	}
}

func TestLoadShowsEveryProblemAtOnce(t *testing.T) {
	_, _, err := config.Load([]string{
		"PERCORE_WORKRES=3", "PERCORE_STARTSECS=1x", "PERCORE_MODE=tcp", "PERCORE_LISTEN=web:80", "PERCORE_COMMAND=a \"b",
	}, someUID)
	want := `5 problems in the configuration:
  PERCORE_MODE=tcp         must be one of http, none, init                         tcp belongs to a later version of percore
  PERCORE_COMMAND="a \"b"  has a double quote that is never closed                 for example PERCORE_COMMAND="python3 main.py --port={port}"
  PERCORE_STARTSECS=1x     is not a duration: write seconds, or units as in 1m30s  for example PERCORE_STARTSECS=5
  PERCORE_LISTEN=web:80    needs an IP address before the port, IPv6 in brackets   for example PERCORE_LISTEN=:80,[::1]:8080
  PERCORE_WORKRES          is not a variable of percore                            did you mean PERCORE_WORKERS?`
	if err == nil || squeeze(err.Error()) != squeeze(want) {
		t.Errorf("Load:\n got %v\nwant %s", err, want)
	}
}

// squeeze makes the width of columns no part of a comparison.
func squeeze(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(c rune) bool { return c == ' ' }), " ")
}

func TestProblemsKeepToTheirLine(t *testing.T) {
	_, _, err := config.Load([]string{"PERCORE_NAME=a\x1b[2J\nb", "PERCORE_GROUP=" + strings.Repeat("é", 100)}, someUID)
	if err == nil {
		t.Fatal("Load: got no error, want two problems")
	}
	text := err.Error()
	if strings.Contains(text, "\x1b") || strings.Count(text, "\n") != 2 || strings.Contains(text, strings.Repeat("é", 50)) {
		t.Errorf("Problems: got %q, want three lines without control characters or long values", text)
	}
}

func TestLoadFromFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	three := write("three", "3\n")
	cfg := mustLoad(t, someUID, "PERCORE_WORKERS_FILE="+three, "PERCORE_NAME=",
		"PERCORE_NAME_FILE="+write("name", "tornado\r\n"), "PERCORE_GROUP_FILE="+write("empty", "\n"))
	for name, want := range map[string]string{
		"PERCORE_WORKERS": "3 from file " + three,
		"PERCORE_NAME":    "tornado from file " + filepath.Join(dir, "name"),
		"PERCORE_GROUP":   "from default",
	} {
		if got := effective(cfg, name); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	many := write("many", "many")
	for _, c := range []struct{ name, environ, want string }{
		{
			"a fault in a file names the file",
			"PERCORE_WORKERS_FILE=" + many,
			"PERCORE_WORKERS: is neither auto nor a whole number (read from " + many + "); for example PERCORE_WORKERS=4",
		},
		{
			"a NUL",
			"PERCORE_NAME_FILE=" + write("nul", "a\x00b"),
			"PERCORE_NAME_FILE: holds a NUL byte; name a readable file, or unset PERCORE_NAME_FILE",
		},
		{
			"a huge file",
			"PERCORE_NAME_FILE=" + write("huge", strings.Repeat("x", 1<<18)),
			"PERCORE_NAME_FILE: holds more than 131072 bytes; name a readable file, or unset PERCORE_NAME_FILE",
		},
		{
			"bare names have no file",
			"PERCORE_X_FILE=" + three,
			"PERCORE_X_FILE: is not a variable of percore; `percore env` lists them all",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := problemsOf(t, c.environ); !slices.Equal(got, []string{c.want}) {
				t.Errorf("Load(%q)\n got %q\nwant %q", c.environ, got, c.want)
			}
		})
	}
}

func TestLoadPassesOverForeignNames(t *testing.T) {
	mustLoad(t, someUID,
		"PERCORE_PORT=tcp://10.0.0.7:80", "PERCORE_PORT_80_TCP=tcp://10.0.0.7:80", "PERCORE_PORT_80_TCP_ADDR=10.0.0.7",
		"PERCORE_SERVICE_HOST=10.0.0.7", "PERCORE_SERVICE_PORT=80", "PERCORE_SERVICE_PORT_HTTP=80",
		"PERCORE_WEB_SERVICE_HOST=10.0.0.8", "PERCORE_WEB_SERVICE_PORT=80", "PERCORE_WEB_PORT=tcp://10.0.0.8:80", "PERCORE_WEB_PORT_80_TCP=x",
		"PERCORE_WORKER_INDEX=1", "PERCORE_WORKER_NAME=a:b-8000", "PERCORE_ROLE=front", "PERCORE_LINK_FD=3",
		"PERCOREX=1", "OTHER=1", "=C:=x", "novalue", "PERCORE_UNKNOWN=")
}

func TestLaxNamesAreWarnings(t *testing.T) {
	cfg, warnings, err := config.Load([]string{"PERCORE_STRICT=no", "PERCORE_WORKRES=3"}, someUID)
	if err != nil || cfg == nil {
		t.Fatalf("Load: %v", err)
	}
	want := "PERCORE_WORKRES: is not a variable of percore; did you mean PERCORE_WORKERS?"
	if len(warnings) != 1 || warnings[0].String() != want {
		t.Errorf("Load: got warnings %v, want %s", warnings, want)
	}
}

func TestAGroupIsCalledWhatItsWorkersAre(t *testing.T) {
	cfg := mustLoad(t, someUID, "PERCORE_COMMAND=python3 main.py", "PERCORE_NAME=tornado")
	if cfg.Group != "tornado" {
		t.Errorf("group: got %s, want the workers' name, tornado", cfg.Group)
	}
	for _, s := range cfg.Sources() {
		if s.Name == "PERCORE_GROUP" && s.Source == config.FromDefault {
			t.Errorf("source of the group: got %+v, want PERCORE_NAME", s)
		}
	}
}

func TestAFleetIsCalledAfterTheProgramOfItsCommand(t *testing.T) {
	for _, c := range []struct{ command, name string }{
		{"./server", "server"},
		{"python3 -B /srv/my app.py", "my"},
		{"python3 -B '/srv/my app.py'", "my-app"},
		{"sh -c 'exec node server.mjs'", "server"},
	} {
		cfg := mustLoad(t, someUID, "PERCORE_COMMAND="+c.command)
		if string(cfg.Name) != c.name || cfg.Group != cfg.Name {
			t.Errorf("%s: got name %s and group %s, want %s for both", c.command, cfg.Name, cfg.Group, c.name)
		}
	}
}
