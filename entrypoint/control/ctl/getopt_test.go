package ctl_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"percore/entrypoint/control"
	"percore/entrypoint/control/ctl"
)

// What supervisor 4.2.5 says of each, with the program's name as percore has it.
func TestSupervisorctlsOptionsAreGetopts(t *testing.T) {
	const unrecognised, gone = "Error: option %s not recognized", "unix:///nowhere/s no such file\n"
	for line, c := range map[string]struct {
		out, err string
		code     int
	}{
		"-s unix:///nowhere/s status":                       {out: gone, code: 4},
		"-sunix:///nowhere/s status":                        {out: gone, code: 4},
		"--serverurl unix:///nowhere/s status":              {out: gone, code: 4},
		"--serverurl=unix:///nowhere/s status":              {out: gone, code: 4},
		"--serv=unix:///nowhere/s status":                   {out: gone, code: 4},
		"--s unix:///nowhere/s status":                      {out: gone, code: 4},
		"--configuration=/etc/x -s unix:///nowhere/s pid":   {out: gone, code: 7},
		"-c/etc/x -s unix:///nowhere/s status":              {out: gone, code: 4},
		"-ucarl -pY -s unix:///nowhere/s status":            {out: gone, code: 4},
		"--user=carl -s unix:///nowhere/s status":           {out: gone, code: 4},
		"-r /tmp/history -s unix:///nowhere/s status":       {out: gone, code: 4},
		"--history_file=/tmp/h -s unix:///nowhere/s status": {out: gone, code: 4},
		"--hi /tmp/h -s unix:///nowhere/s status":           {out: gone, code: 4},
		"-s unix:///nowhere/s -- status":                    {out: gone, code: 4},
		"-isunix:///nowhere/s":                              {out: gone + "supervisor> \n"},
		"-i -s unix:///nowhere/s status":                    {out: gone + gone + "supervisor> \n"},
		"-":                                                 {out: "*** Unknown syntax: -\n", code: 1},
		"-c":                                                {err: "Error: option -c requires argument", code: 2},
		"--configuration":                                   {err: "Error: option --configuration requires argument", code: 2},
		"--ser":                                             {err: "Error: option --serverurl requires argument", code: 2},
		"-r":                                                {err: "Error: option -r requires argument", code: 2},
		"--history_file":                                    {err: "Error: option --history_file requires argument", code: 2},
		"-x":                                                {err: strings.ReplaceAll(unrecognised, "%s", "-x"), code: 2},
		"-iX":                                               {err: strings.ReplaceAll(unrecognised, "%s", "-X"), code: 2},
		"-i=3":                                              {err: strings.ReplaceAll(unrecognised, "%s", "-="), code: 2},
		"-:":                                                {err: strings.ReplaceAll(unrecognised, "%s", "-:"), code: 2},
		"--nope":                                            {err: strings.ReplaceAll(unrecognised, "%s", "--nope"), code: 2},
		"--history-file x":                                  {err: strings.ReplaceAll(unrecognised, "%s", "--history-file"), code: 2},
		"--h":                                               {err: "Error: option --h not a unique prefix", code: 2},
		"--interactive=1":                                   {err: "Error: option --interactive must not have an argument", code: 2},
		"--help=x":                                          {err: "Error: option --help must not have an argument", code: 2},
		"-s foo status":                                     {err: "Error: invalid value for -s 'foo': value 'foo' is not a URL", code: 2},
		"-ua -ub status":                                    {err: "Error: conflicting command line option '-u'", code: 2},
	} {
		t.Run(line, func(t *testing.T) {
			var out, err bytes.Buffer
			tool := &ctl.Tool{Out: &out, Err: &err, In: strings.NewReader(""), Place: control.Place(filepath.Join(t.TempDir(), "s")), Proc: os.DirFS("/proc")}
			if c.err != "" {
				c.err += "\nFor help, use supervisorctl -h\n"
			}
			if code := tool.Supervisorctl(strings.Fields(line)); code != c.code || out.String() != c.out || err.String() != c.err {
				t.Errorf("got code %d, %q and %q, want %d, %q and %q", code, &out, &err, c.code, c.out, c.err)
			}
		})
	}
	for _, line := range []string{"-h", "--help", "-?", "-ih", "--he", "-h -s foo"} {
		var out bytes.Buffer
		tool := &ctl.Tool{Out: &out}
		if code := tool.Supervisorctl(strings.Fields(line)); code != 0 || !strings.Contains(out.String(), "default commands") {
			t.Errorf("%s: got code %d and %q, want the help", line, code, &out)
		}
	}
}

func TestAnOptionThatTakesAValueTakesTheNextWord(t *testing.T) {
	place := filepath.Join(t.TempDir(), "s")
	for line, want := range map[string]string{
		"-s unix://" + place + " pid":              "unix://" + place + " no such file\n",
		"-c status -s unix://" + place + " pid":    "unix://" + place + " no such file\n",
		"--user -s -s unix://" + place + " pid":    "unix://" + place + " no such file\n",
		"-u a -p b -s unix://" + place + " pid":    "unix://" + place + " no such file\n",
		"-s http://localhost:9001 pid":             "unix:///nowhere/s no such file\n", // a TCP server means nothing here
		"--serverurl=http://localhost:9001/x -- -": "*** Unknown syntax: -\n",
	} {
		var out bytes.Buffer
		tool := &ctl.Tool{Out: &out, Err: &out, In: strings.NewReader(""), Place: "/nowhere/s", Proc: os.DirFS("/proc")}
		if tool.Supervisorctl(strings.Fields(line)); out.String() != want {
			t.Errorf("%s: got %q, want %q", line, &out, want)
		}
	}
}

func TestOptionsThatDoNotGoTogether(t *testing.T) {
	for line, want := range map[string]string{
		"-s unix:///a -s unix:///b pid":          "conflicting command line option '-s'",
		"-s unix:///a --serverurl=unix:///b pid": "conflicting command line option '--serverurl'",
		"-c a --configuration b pid":             "conflicting command line option '--configuration'",
		"-r a --history_file=b pid":              "conflicting command line option '--history_file'",
		"-i --interactive pid":                   "conflicting command line option '--interactive'",
		"--serverurl nowhere pid":                "invalid value for --serverurl 'nowhere': value 'nowhere' is not a URL",
		"-s unix:///a -s foo pid":                "invalid value for -s 'foo'",
	} {
		var out, err bytes.Buffer
		tool := &ctl.Tool{Out: &out, Err: &err, In: strings.NewReader(""), Place: "/nowhere/s", Proc: os.DirFS("/proc")}
		if code := tool.Supervisorctl(strings.Fields(line)); code != 2 || !strings.Contains(err.String(), want) || out.Len() > 0 {
			t.Errorf("%s: got code %d, %q and %q, want 2 and %q", line, code, &out, &err, want)
		}
	}
}
