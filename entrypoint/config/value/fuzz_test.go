package value_test

import (
	"encoding"
	"fmt"
	"reflect"
	"testing"

	"percore/entrypoint/config/value"
)

// readTwice reads text and then what that was written as, which has to be the same value.
func readTwice[T any, P interface {
	*T
	encoding.TextUnmarshaler
}](t *testing.T, text string) {
	t.Helper()
	var first, second T
	if err := P(&first).UnmarshalText([]byte(text)); err != nil {
		return
	}
	form := fmt.Sprint(first)
	if err := P(&second).UnmarshalText([]byte(form)); err != nil || !reflect.DeepEqual(first, second) {
		t.Errorf("%T: %q is written as %q, which reads as %v with error %v; want %v", first, text, form, second, err, first)
	}
}

func FuzzTypes(f *testing.F) {
	for _, text := range []string{
		"10", "0.5", "1h30m", "8760h", "64KB", "1 GiB", "8191P", "auto", "007", "0,2,255", "SIGTERM", "37",
		"http:/up?x=1", "www-data:web", ":80,[::1]:8080,unix:/run/w", "[fe80::1%eth0]:80", "[::ffff:1.2.3.4]:80",
		"TERM:QUIT,HUP:", "143:0,3:4", "USR1,WINCH", "0o27", "10.0.0.0/8,unix", "/healthz,/static/", "/var/tmp/", "/spool 1/", "25%", "least_conn", "first-exit", "NONE", "@percore",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		readTwice[value.AccessLog](t, text)
		readTwice[value.Autorestart](t, text)
		readTwice[value.Balance](t, text)
		readTwice[value.Bind](t, text)
		readTwice[value.Bool](t, text)
		readTwice[value.Command](t, text)
		readTwice[value.Control](t, text)
		readTwice[value.Count](t, text)
		readTwice[value.Duration](t, text)
		readTwice[value.ExitCodes](t, text)
		readTwice[value.ExitOn](t, text)
		readTwice[value.ExitRemap](t, text)
		readTwice[value.Int](t, text)
		readTwice[value.Label](t, text)
		readTwice[value.Listen](t, text)
		readTwice[value.LogFile](t, text)
		readTwice[value.LogFormat](t, text)
		readTwice[value.LogLevel](t, text)
		readTwice[value.LogPrefix](t, text)
		readTwice[value.Mode](t, text)
		readTwice[value.Names](t, text)
		readTwice[value.NextUpstream](t, text)
		readTwice[value.Paths](t, text)
		readTwice[value.Proxies](t, text)
		readTwice[value.Ready](t, text)
		readTwice[value.Share](t, text)
		readTwice[value.Signal](t, text)
		readTwice[value.SignalMap](t, text)
		readTwice[value.Signals](t, text)
		readTwice[value.Size](t, text)
		readTwice[value.TempPath](t, text)
		readTwice[value.Umask](t, text)
		readTwice[value.User](t, text)
	})
}
