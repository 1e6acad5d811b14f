package value_test

import (
	"strings"
	"testing"

	"percore/entrypoint/config/value"
)

// What is wrong is a sentence about the variable, which stands before it. It begins with a verb, and says what to write where that is short.

func TestWhatIsSaidOfNumbers(t *testing.T) {
	sentences[value.Bool](t, map[string]string{
		"maybe": "is not a boolean: write true, yes, on, 1, false, no, off or 0",
		"":      "is not a boolean: write true, yes, on, 1, false, no, off or 0",
	})
	sentences[value.Int](t, map[string]string{
		"many":        "is not a whole number",
		"1.5":         "is not a whole number",
		"99999999999": "is too large a number",
	})
	sentences[value.Count](t, map[string]string{
		"many":        "is neither auto nor a whole number",
		"99999999999": "is neither auto nor a whole number",
		"0":           "is neither auto nor at least 1",
	})
	sentences[value.Share](t, map[string]string{
		"2":    "is not a share: write 0 to 1, or 0% to 100%",
		"101%": "is not a share: write 0 to 1, or 0% to 100%",
	})
	sentences[value.ExitCodes](t, map[string]string{
		"256": "is not a list of exit codes from 0 to 255",
	})
	sentences[value.ExitRemap](t, map[string]string{
		"143":     "is not a list of exit codes from 0 to 255, as in 143:0,3:4",
		"3:4,3:5": "has exit code 3 twice",
	})
	sentences[value.Umask](t, map[string]string{
		"9":    "is not an octal mask from 000 to 777",
		"1777": "is not an octal mask from 000 to 777",
	})
}

func TestWhatIsSaidOfMeasures(t *testing.T) {
	sentences[value.Duration](t, map[string]string{
		"soon":  "is not a duration: write seconds, or units as in 1m30s",
		"1d":    "is not a duration: write seconds, or units as in 1m30s",
		"-1":    "is not between 0 and a year",
		"9000h": "is not between 0 and a year",
	})
	sentences[value.Size](t, map[string]string{
		"big":         "is not a size: write whole bytes, or a unit as in 64KB",
		"1.5MB":       "is not a size: write whole bytes, or a unit as in 64KB",
		"9999999999G": "is larger than 8 EiB",
	})
}

func TestWhatIsSaidOfSignals(t *testing.T) {
	sentences[value.Signal](t, map[string]string{
		"HANGUP": "is not a signal: write a name, as in TERM or RTMIN+3, or a number",
		"65":     "is not a signal number from 1 to 64",
	})
	sentences[value.Signals](t, map[string]string{
		"TERM":      "has TERM, which stops percore, and so the workers: see PERCORE_STOPSIGNAL and PERCORE_SIGNAL_MAP",
		"CHLD":      "has CHLD, which cannot be passed on",
		"USR1,10":   "has USR1 twice",
		"USR1,HULA": "is not a signal: write a name, as in TERM or RTMIN+3, or a number",
	})
	sentences[value.SignalMap](t, map[string]string{
		"TERM":           "is not a list of pairs with a colon: TERM:QUIT, or HUP: to drop it",
		"TREM:QUIT":      "the text before the colon is not a signal: write a name, as in TERM or RTMIN+3, or a number",
		"TERM:99":        "the text after the colon is not a signal number from 1 to 64",
		"KILL:TERM":      "has KILL, which the kernel never delivers to percore",
		"STOP:":          "has STOP, which the kernel never delivers to percore",
		"HUP:,SIGHUP:15": "has HUP twice",
	})
}

func TestWhatIsSaidOfNames(t *testing.T) {
	sentences[value.Label](t, map[string]string{
		"a b": "may have letters, digits, dots, dashes and underscores only",
		"":    "may have letters, digits, dots, dashes and underscores only",
	})
	sentences[value.Names](t, map[string]string{
		"a b": "is not a list of names: letters, digits, dots, dashes, underscores",
		"a,":  "is not a list of names: letters, digits, dots, dashes, underscores",
	})
	sentences[value.User](t, map[string]string{
		"a b": "is not a user: write name, uid, name:group or uid:gid",
		"-1":  "is not a user: write name, uid, name:group or uid:gid",
	})
	sentences[value.Command](t, map[string]string{
		`a "b`:  "has a double quote that is never closed",
		`a 'b`:  "has a single quote that is never closed",
		`a \`:   "ends with a backslash that escapes nothing",
		`"" -x`: "names no program",
		" ":     "names no program",
	})
}

func TestWhatIsSaidOfPlaces(t *testing.T) {
	sentences[value.Listen](t, map[string]string{
		"localhost":    "is not an address with a port from 1 to 65535",
		"localhost:80": "needs an IP address before the port, IPv6 in brackets",
		"::1:80":       "needs an IP address before the port, IPv6 in brackets",
		"unix:run":     "needs unix: and an absolute path of at most 107 bytes",
		":80,80":       "names :80 twice",
	})
	sentences[value.Control](t, map[string]string{
		"percore.sock":                "is neither an absolute path, nor @name, nor off",
		"/" + strings.Repeat("a", 99): "is too long for a socket: at most 99 bytes",
		"@" + strings.Repeat("a", 99): "is too long for a socket: at most 99 bytes",
		"/run/":                       "is neither an absolute path, nor @name, nor off",
	})
	sentences[value.Proxies](t, map[string]string{
		"cdn":                 "is neither an address, nor a block such as 10.0.0.0/8, nor unix",
		"10.1.2.3/8":          "has bits beyond its block: did you mean 10.0.0.0/8?",
		"::ffff:10.0.0.0/104": "has an IPv4 block in the form of IPv6: write it as in 10.0.0.0/8",
	})
	sentences[value.Paths](t, map[string]string{
		"healthz": "needs paths that begin with a slash, as in /healthz,/static/",
		"/a?b":    "has a query: write the path alone",
		"/a#b":    "has a query: write the path alone",
	})
	sentences[value.LogFile](t, map[string]string{
		"syslog":                  "asks for syslog, which a container does not have: write a path, NONE or AUTO",
		"/l/%(program_name)s.log": "has an expansion of supervisord: write {name}, {index} or {port} instead",
		"/var/log/":               "names a folder",
	})
	sentences[value.TempPath](t, map[string]string{
		"tmp":        "is neither an absolute path nor memory",
		"/spool 1 2": "has the levels of nginx's folders behind it: write the path alone",
	})
	sentences[value.LogPrefix](t, map[string]string{
		"xml": "is neither a boolean nor json",
	})
}

func TestWhatIsSaidOfChoices(t *testing.T) {
	sentences[value.Ready](t, map[string]string{
		"http":            "needs a path with a slash after http:",
		"http:healthz":    "needs a path with a slash after http:",
		"/healthz":        "takes a path alone: percore knows where the worker listens",
		"https://host/ok": "takes a path alone: percore knows where the worker listens",
		"http:/a b":       "has a path with a character that has to be written as %XX",
		"exec":            "must be one of tcp, http:/path, notify, none",
		"notify:now":      "must be one of tcp, http:/path, notify, none",
	})
	sentences[value.Mode](t, map[string]string{"tcp": "must be one of http, none, init"})
	sentences[value.Bind](t, map[string]string{"udp": "must be one of tcp, unix"})
	sentences[value.Autorestart](t, map[string]string{"perhaps": "must be one of true, unexpected, false"})
	sentences[value.ExitOn](t, map[string]string{"": "must be one of all-fatal, any-fatal, first-exit, never"})
	sentences[value.Balance](t, map[string]string{"fair": "must be one of least_conn, round_robin, ip_hash, random"})
	sentences[value.NextUpstream](t, map[string]string{"timeout": "must be one of error, off"})
	sentences[value.AccessLog](t, map[string]string{"xml": "must be one of off, combined, json"})
	sentences[value.LogLevel](t, map[string]string{"loud": "must be one of debug, info, warn, error"})
	sentences[value.LogFormat](t, map[string]string{"xml": "must be one of auto, text, json"})
}

func TestSyntax(t *testing.T) {
	for _, c := range []struct {
		of   interface{ Syntax() string }
		want string
	}{
		{value.Bool(false), "boolean"},
		{value.Command{}, "command line"},
		{value.Control(""), "path, `@name` or `off`"},
		{value.Auto, "`auto` or number"},
		{value.Duration(0), "duration"},
		{value.ExitCodes(nil), "list of numbers, 0 to 255"},
		{value.ExitRemap(nil), "list of number:number, each 0 to 255"},
		{value.Int(0), "number"},
		{value.Label(""), "name"},
		{value.Listen(nil), "list of addresses"},
		{value.LogFile(""), "path, `NONE` or `AUTO`"},
		{value.PrefixNone, "boolean or `json`"},
		{value.Names(nil), "list of names"},
		{value.Paths(nil), "paths"},
		{value.Proxies{}, "list of addresses and blocks, `unix`"},
		{value.Ready{}, "`tcp`, `http:/path`, `notify`, `none`"},
		{value.Share(0), "0 to 1"},
		{value.Signal(0), "signal"},
		{value.Signals(nil), "list of signals"},
		{value.SignalMap(nil), "list of signal:signal"},
		{value.Size(0), "size"},
		{value.TempPath(""), "path or `memory`"},
		{value.Umask{}, "octal number, 000 to 777"},
		{value.User(""), "user"},
	} {
		if got := c.of.Syntax(); got != c.want {
			t.Errorf("%T: got %s, want %s", c.of, got, c.want)
		}
	}
}
