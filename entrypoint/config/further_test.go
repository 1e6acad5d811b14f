package config_test

import (
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

func TestAFurtherProgramOnASocketNeedsNoPort(t *testing.T) {
	cfg := mustLoad(t, 0, "PERCORE_PROGRAMS=mailer", "PERCORE_MAILER_COMMAND=mailer {socket}", "PERCORE_MAILER_BIND=unix", "PERCORE_MAILER_HEALTH=http:/")
	mailer := cfg.Further[0]
	if mailer.Bind != value.BindUnix || mailer.PortsFrom != 0 || mailer.Ready.Kind != value.ReadyTCP || cfg.Bind != value.BindTCP {
		t.Errorf("got %+v, want a socket, no port, and readiness by a connection; and the fleet's own as ever", mailer)
	}
}

func TestFurtherProgramsHaveTheirOwnVariables(t *testing.T) {
	file := filepath.Join(t.TempDir(), "user")
	if err := os.WriteFile(file, []byte("nobody\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := mustLoad(t, 0, "PERCORE_PROGRAMS=mailer, my-cron", "PERCORE_STARTSECS=9", "PERCORE_USER=www-data",
		"PERCORE_MAILER_COMMAND=python3 mailer.py", "PERCORE_MAILER_STARTSECS=2", "PERCORE_MAILER_USER_FILE="+file,
		"PERCORE_MY_CRON_COMMAND=cron -f", "PERCORE_MY_CRON_WORKERS=3", "PERCORE_MY_CRON_PORTS_FROM=9000",
		"PERCORE_MY_CRON_STOPSIGNAL=INT", "PERCORE_MY_CRON_GROUP=clocks", "PERCORE_MY_CRON_PRIORITY=1")
	if len(cfg.Further) != 2 || time.Duration(cfg.StartSecs) != 9*time.Second || cfg.User != "www-data" {
		t.Fatalf("got %d programs and STARTSECS %v, want 2 and the fleet's own 9s", len(cfg.Further), cfg.StartSecs)
	}
	mailer, cron := cfg.Further[0], cfg.Further[1]
	if mailer.Name != "mailer" || mailer.Group != "mailer" || mailer.Workers != 1 || mailer.PortsFrom != 0 || mailer.Ready.Kind != value.ReadyNone ||
		time.Duration(mailer.StartSecs) != 2*time.Second || mailer.User != "nobody" || !slices.Equal(mailer.Command.Words, []string{"python3", "mailer.py"}) {
		t.Errorf("mailer: got %+v", mailer)
	}
	if cron.Name != "my-cron" || cron.Group != "clocks" || cron.Workers != 3 || cron.PortsFrom != 9000 || cron.Ready.Kind != value.ReadyTCP ||
		syscall.Signal(cron.StopSignal) != syscall.SIGINT || cron.Priority != 1 || cron.User != "www-data" {
		t.Errorf("my-cron: got %+v", cron)
	}
	for name, want := range map[string]string{
		"PERCORE_MAILER_USER": "nobody from file " + file, "PERCORE_MAILER_GROUP": "mailer from default the program's name",
		"PERCORE_MAILER_STOPWAITSECS": "10s from default", "PERCORE_MY_CRON_WORKERS": "3 from environment",
	} {
		if got := effective(cfg, name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func TestFurtherProgramsTakeOverWhoTheFleetIsAndWhereItLogs(t *testing.T) {
	cfg := mustLoad(t, 0, "PERCORE_PROGRAMS=mailer,cron", "PERCORE_MAILER_COMMAND=mailer", "PERCORE_CRON_COMMAND=cron", "PERCORE_STARTSECS=7",
		"PERCORE_USER=www-data", "PERCORE_DIRECTORY=/srv", "PERCORE_UMASK=027", "PERCORE_LOG_PREFIX=true", "PERCORE_REDIRECT_STDERR=true",
		"PERCORE_STDOUT_LOGFILE=/var/log/{name}.log", "PERCORE_STDOUT_LOGFILE_MAXBYTES=1MB", "PERCORE_STDOUT_LOGFILE_BACKUPS=2",
		"PERCORE_CRON_USER=root", "PERCORE_CRON_DIRECTORY=/", "PERCORE_CRON_STDOUT_LOGFILE=AUTO", "PERCORE_CRON_UMASK=022")
	mailer, cron := cfg.Further[0], cfg.Further[1]
	if mailer.User != "www-data" || mailer.Directory != "/srv" || mailer.Umask.Bits != 0o027 || mailer.LogPrefix != value.PrefixName || !mailer.RedirectStderr ||
		mailer.StdoutLogfile != "/var/log/{name}.log" || mailer.StdoutLogfileMaxbytes != 1<<20 || mailer.StdoutLogfileBackups != 2 {
		t.Errorf("mailer: got %+v, want the fleet's user, folder, umask and logs", mailer)
	}
	if time.Duration(mailer.StartSecs) != time.Second {
		t.Errorf("mailer: got STARTSECS %v, want the default: it is not taken over", mailer.StartSecs)
	}
	if cron.User != "root" || cron.Directory != "/" || cron.Umask.Bits != 0o022 || cron.StdoutLogfile != "" {
		t.Errorf("cron: got %+v, want its own", cron)
	}
	if got, want := effective(cfg, "PERCORE_MAILER_USER"), "www-data from fleet PERCORE_USER"; got != want {
		t.Errorf("effective configuration: got %s, want %s", got, want)
	}
}

func TestANameOfOurOwnFieldsIsNoVariable(t *testing.T) {
	t.Setenv("FURTHER", "x")
	if cfg := mustLoad(t, 0, "FURTHER=x"); len(cfg.Further) != 0 {
		t.Errorf("got a further program, %+v, out of the variable FURTHER", cfg.Further[0])
	}
}

func TestWhatIsWrongWithTheFleetsUserIsSaidOnce(t *testing.T) {
	_, _, err := config.Load([]string{"PERCORE_PROGRAMS=mailer", "PERCORE_MAILER_COMMAND=mailer", "PERCORE_COMMAND=web", "PERCORE_USER=33"}, someUID)
	if got := err.Error(); strings.Count(got, "PERCORE_USER") != 1 || strings.Contains(got, "PERCORE_MAILER_USER") {
		t.Errorf("got %s, want one problem, of PERCORE_USER", got)
	}
}

func TestWhatIsWrongWithFurtherPrograms(t *testing.T) {
	command := "PERCORE_MAILER_COMMAND=mailer"
	cases := []struct {
		name    string
		environ []string
		want    []string
	}{
		{"no command", []string{"PERCORE_PROGRAMS=mailer"}, []string{
			`PERCORE_MAILER_COMMAND: is needed: PERCORE_PROGRAMS names mailer; for example PERCORE_MAILER_COMMAND="python3 mailer.py"`,
		}},
		{"a slip", []string{"PERCORE_PROGRAMS=mailer", command, "PERCORE_MAILER_STOPSINGAL=INT"}, []string{
			"PERCORE_MAILER_STOPSINGAL: is not a variable of percore; did you mean PERCORE_MAILER_STOPSIGNAL?",
		}},
		{"what a program does not have", []string{"PERCORE_PROGRAMS=mailer", command, "PERCORE_MAILER_ACCESS_LOG=json"}, []string{
			"PERCORE_MAILER_ACCESS_LOG: is not a variable of percore; `percore env` lists them all",
		}},
		{"a faulty value", []string{"PERCORE_PROGRAMS=mailer", command, "PERCORE_MAILER_WORKERS=none"}, []string{
			"PERCORE_MAILER_WORKERS: is neither auto nor a whole number; for example PERCORE_MAILER_WORKERS=4",
		}},
		{"a program that is not named", []string{"PERCORE_QUEUE_RUNNER_COMMAND=run"}, []string{
			"PERCORE_QUEUE_RUNNER_COMMAND: is not a variable of percore; if queue_runner is a program, name it in PERCORE_PROGRAMS",
		}},
		{"the same name twice", []string{"PERCORE_PROGRAMS=mailer,MAILER", command}, []string{
			"PERCORE_PROGRAMS: names MAILER, whose PERCORE_MAILER_COMMAND is another variable already; choose another name",
		}},
		{"a name that makes a variable of percore", []string{"PERCORE_PROGRAMS=front", "PERCORE_FRONT_COMMAND=x"}, []string{
			"PERCORE_PROGRAMS: names front, whose PERCORE_FRONT_USER is another variable already; choose another name",
			"PERCORE_FRONT_COMMAND: is not a variable of percore; if front is a program, name it in PERCORE_PROGRAMS",
		}},
		{"a name that is none", []string{"PERCORE_PROGRAMS=a b"}, []string{
			"PERCORE_PROGRAMS: is not a list of names: letters, digits, dots, dashes, underscores; for example PERCORE_PROGRAMS=mailer,cron",
		}},
		{"processes of the same name", []string{
			"PERCORE_PROGRAMS=mailer", command, "PERCORE_MAILER_GROUP=web", "PERCORE_MAILER_NAME=web", "PERCORE_COMMAND=web",
		}, nil},
		{"readiness by a port without one", []string{"PERCORE_PROGRAMS=mailer", command, "PERCORE_MAILER_READY=tcp"}, []string{
			"PERCORE_MAILER_READY: asks for a port, and the program has none; set PERCORE_MAILER_PORTS_FROM",
		}},
		{"a port of the fleet's", []string{
			"PERCORE_PROGRAMS=mailer", command, "PERCORE_MAILER_PORTS_FROM=7999", "PERCORE_MAILER_WORKERS=2", "PERCORE_COMMAND=web",
		}, []string{
			"PERCORE_PROGRAMS: mailer would need port 8000, which the fleet proper uses; set PERCORE_MAILER_PORTS_FROM",
		}},
		{"the front door's port", []string{"PERCORE_PROGRAMS=mailer", command, "PERCORE_MAILER_PORTS_FROM=8080"}, []string{
			"PERCORE_PROGRAMS: mailer would need port 8080, which the front door uses; set PERCORE_MAILER_PORTS_FROM",
		}},
		{"another program's port", []string{
			"PERCORE_PROGRAMS=mailer,cron", command, "PERCORE_MAILER_PORTS_FROM=9000", "PERCORE_CRON_COMMAND=cron", "PERCORE_CRON_PORTS_FROM=9000",
		}, []string{
			"PERCORE_PROGRAMS: cron would need port 9000, which mailer uses; set PERCORE_CRON_PORTS_FROM",
		}},
		{"ports beyond the last", []string{"PERCORE_PROGRAMS=mailer", command, "PERCORE_MAILER_PORTS_FROM=65535", "PERCORE_MAILER_WORKERS=2"}, []string{
			"PERCORE_PROGRAMS: mailer would need port 65536; set PERCORE_MAILER_PORTS_FROM",
		}},
		{"checks of a port without one", []string{"PERCORE_PROGRAMS=mailer", command, "PERCORE_MAILER_HEALTH=http:/"}, []string{
			"PERCORE_MAILER_HEALTH: asks for a port, and the program has none; set PERCORE_MAILER_PORTS_FROM",
		}},
		{"a user that only root can give", []string{"PERCORE_PROGRAMS=mailer", command, "PERCORE_MAILER_USER=33"}, []string{
			"PERCORE_MAILER_USER: takes a percore that starts as root, and this one runs as uid 1000; unset it, or start percore as root",
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := problemsOf(t, c.environ...)
			if c.name == "processes of the same name" {
				c.want = []string{"PERCORE_PROGRAMS: gives the processes of mailer the name web:web, which those of the fleet proper have; set PERCORE_MAILER_NAME"}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("Load(%q)\n got %q\nwant %q", c.environ, got, c.want)
			}
		})
	}
}

func TestTheNewTypesRefuseWhatMakesNoSense(t *testing.T) {
	for assignment, want := range map[string]string{
		"PERCORE_UMASK=9":                       "is not an octal mask from 000 to 777",
		"PERCORE_UMASK=1777":                    "is not an octal mask from 000 to 777",
		"PERCORE_EXIT_ON=any":                   "must be one of all-fatal, any-fatal, first-exit, never",
		"PERCORE_FORWARD_SIGNALS=TERM":          "has TERM, which stops percore",
		"PERCORE_FORWARD_SIGNALS=KILL":          "has KILL, which cannot be passed on",
		"PERCORE_FORWARD_SIGNALS=USR1,SIGUSR1":  "has USR1 twice",
		"PERCORE_FORWARD_SIGNALS=hello":         "not a signal",
		"PERCORE_STDOUT_LOGFILE=syslog":         "asks for syslog",
		"PERCORE_STDOUT_LOGFILE=/var/log/":      "names a folder",
		"PERCORE_STDERR_LOGFILE=/l/%(x)s.log":   "write {name}, {index} or {port} instead",
		"PERCORE_LOG_PREFIX=xml":                "is neither a boolean nor json",
		"PERCORE_STDOUT_LOGFILE_BACKUPS=100000": "must be at most 1000",
		"PERCORE_PRIORITY=first":                "is not a whole number",
		"PERCORE_PRESTART='a":                   "has a single quote that is never closed",
	} {
		if got := strings.Join(problemsOf(t, assignment), "|"); !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want a problem with %q", assignment, got, want)
		}
	}
}

func TestTheNewTypesAreReadAsTheyAreWritten(t *testing.T) {
	cfg := mustLoad(t, 0, "PERCORE_UMASK=0o27", "PERCORE_FORWARD_SIGNALS=usr1, SIGWINCH", "PERCORE_STDOUT_LOGFILE=auto",
		"PERCORE_STDERR_LOGFILE=None", "PERCORE_LOG_PREFIX=Yes", "PERCORE_PRIORITY=-5", "PERCORE_EXIT_ON=First-Exit")
	for name, pair := range map[string][2]string{
		"UMASK": {cfg.Umask.String(), "027"}, "FORWARD_SIGNALS": {cfg.ForwardSignals.String(), "USR1,WINCH"},
		"STDOUT_LOGFILE": {string(cfg.StdoutLogfile), ""}, "STDERR_LOGFILE": {string(cfg.StderrLogfile), "NONE"},
		"LOG_PREFIX": {string(cfg.LogPrefix), "true"}, "PRIORITY": {cfg.Priority.String(), "-5"}, "EXIT_ON": {string(cfg.ExitOn), "first-exit"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: got %q, want %q", name, pair[0], pair[1])
		}
	}
	if got := cfg.ForwardSignals.OS(); !slices.Equal(got, []os.Signal{syscall.SIGUSR1, syscall.SIGWINCH}) {
		t.Errorf("signals: got %v", got)
	}
}
