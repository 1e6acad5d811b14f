package value_test

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"percore/entrypoint/config/value"
)

// reading is one text and what a type makes of it: its canonical form, or an error that holds a phrase.
type reading struct {
	name string
	text string
	want string
	err  string
}

// readAll runs readings on a type, and reads each canonical form again, which has to give the same value.
func readAll[T any, P interface {
	*T
	encoding.TextUnmarshaler
}](t *testing.T, cases []reading) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var got, again T
			err := P(&got).UnmarshalText([]byte(c.text))
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Fatalf("%q: got value %v and error %v, want an error with %q", c.text, got, err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatalf("%q: got error %v, want %s", c.text, err, c.want)
			}
			if form := fmt.Sprint(got); form != c.want {
				t.Errorf("%q: got %s, want %s", c.text, form, c.want)
			}
			if err := P(&again).UnmarshalText([]byte(c.want)); err != nil || !reflect.DeepEqual(got, again) {
				t.Errorf("%q read again from %q: got %v and error %v, want %v", c.text, c.want, again, err, got)
			}
		})
	}
}

func TestDuration(t *testing.T) {
	readAll[value.Duration](t, []reading{
		{name: "bare seconds", text: "10", want: "10s"},
		{name: "a fraction of a second", text: "0.5", want: "500ms"},
		{name: "a fraction without its zero", text: ".25", want: "250ms"},
		{name: "nothing at all", text: "0", want: "0s"},
		{name: "Go syntax", text: "1m30s", want: "1m30s"},
		{name: "milliseconds", text: "250ms", want: "250ms"},
		{name: "whole hours are written short", text: "1h", want: "1h"},
		{name: "whole minutes are written short", text: "60", want: "1m"},
		{name: "hours and minutes keep the minutes", text: "90m", want: "1h30m"},
		{name: "ten minutes keep their zero", text: "10m", want: "10m"},
		{name: "leading zeros are decimal", text: "010", want: "10s"},
		{name: "a year", text: "8760h", want: "8760h"},
		{name: "a negative number", text: "-1", err: "between 0"},
		{name: "a negative unit", text: "-1s", err: "between 0"},
		{name: "more than a year", text: "99999999999", err: "between 0"},
		{name: "more than a year in hours", text: "8761h", err: "between 0"},
		{name: "a day", text: "1d", err: "not a duration"},
		{name: "an exponent", text: "1e3", err: "not a duration"},
		{name: "infinity", text: "inf", err: "not a duration"},
		{name: "hexadecimal", text: "0x10", err: "not a duration"},
		{name: "two points", text: "1.2.3", err: "not a duration"},
		{name: "a lone point", text: ".", err: "not a duration"},
		{name: "words", text: "soon", err: "not a duration"},
	})
}

func TestShare(t *testing.T) {
	readAll[value.Share](t, []reading{
		{name: "all", text: "1", want: "1"},
		{name: "none", text: "0", want: "0"},
		{name: "a part", text: "0.01", want: "0.01"},
		{name: "a percentage", text: "25%", want: "0.25"},
		{name: "more than all", text: "1.5", err: "0 to 1"},
		{name: "less than none", text: "-0.1", err: "0 to 1"},
		{name: "no number", text: "NaN", err: "0 to 1"},
		{name: "a word", text: "half", err: "0 to 1"},
	})
}

func TestPaths(t *testing.T) {
	readAll[value.Paths](t, []reading{
		{name: "one", text: "/healthz", want: "/healthz"},
		{name: "several, with blanks", text: "/healthz, /static/", want: "/healthz,/static/"},
		{name: "no slash", text: "healthz", err: "begin with a slash"},
		{name: "nothing between commas", text: "/a,,/b", err: "begin with a slash"},
		{name: "a query", text: "/a?b", err: "has a query"},
	})
}

func TestSize(t *testing.T) {
	readAll[value.Size](t, []reading{
		{name: "bare bytes", text: "1000", want: "1000"},
		{name: "nothing", text: "0", want: "0"},
		{name: "bytes by name", text: "12B", want: "12"},
		{name: "K is 1024, as nginx has it", text: "64k", want: "64KB"},
		{name: "KB is 1024 too", text: "64KB", want: "64KB"},
		{name: "KiB is 1024", text: "64KiB", want: "64KB"},
		{name: "M", text: "50M", want: "50MB"},
		{name: "MB in lower case", text: "50mb", want: "50MB"},
		{name: "MiB", text: "1MiB", want: "1MB"},
		{name: "G", text: "2g", want: "2GB"},
		{name: "GiB", text: "1GiB", want: "1GB"},
		{name: "a space before the unit", text: "1 GB", want: "1GB"},
		{name: "1024 megabytes are a gigabyte", text: "1024MB", want: "1GB"},
		{name: "bytes that make a kilobyte", text: "65536", want: "64KB"},
		{name: "a unit alone", text: "MB", err: "not a size"},
		{name: "a fraction", text: "1.5MB", err: "not a size"},
		{name: "a negative number", text: "-1", err: "not a size"},
		{name: "an unknown unit", text: "1XB", err: "not a size"},
		{name: "a unit before the number", text: "MB1", err: "not a size"},
		{name: "more than fits", text: "9223372036854775808", err: "8 EiB"},
		{name: "more than fits once the unit counts", text: "9223372036G", err: "8 EiB"},
	})
}

func TestBool(t *testing.T) {
	var cases []reading
	for _, text := range []string{"true", "yes", "on", "1", "TRUE", "Yes"} {
		cases = append(cases, reading{name: text, text: text, want: "true"})
	}
	for _, text := range []string{"false", "no", "off", "0", "OFF"} {
		cases = append(cases, reading{name: text, text: text, want: "false"})
	}
	for _, text := range []string{"2", "t", "enabled", "truely"} {
		cases = append(cases, reading{name: text, text: text, err: "not a boolean"})
	}
	readAll[value.Bool](t, cases)
}

func TestInt(t *testing.T) {
	readAll[value.Int](t, []reading{
		{name: "a number", text: "42", want: "42"},
		{name: "a leading zero does not make it octal", text: "010", want: "10"},
		{name: "a negative number", text: "-3", want: "-3"},
		{name: "hexadecimal", text: "0x10", err: "is not a whole number"},
		{name: "an underscore", text: "1_000", err: "is not a whole number"},
		{name: "a fraction", text: "1.5", err: "is not a whole number"},
		{name: "words", text: "many", err: "is not a whole number"},
		{name: "more than fits", text: "99999999999999999999", err: "too large"},
	})
}

func TestCount(t *testing.T) {
	readAll[value.Count](t, []reading{
		{name: "auto", text: "auto", want: "auto"},
		{name: "auto in capitals", text: "AUTO", want: "auto"},
		{name: "a number", text: "4", want: "4"},
		{name: "a leading zero", text: "08", want: "8"},
		{name: "none is not a count", text: "0", err: "at least 1"},
		{name: "a negative number", text: "-1", err: "at least 1"},
		{name: "words", text: "many", err: "neither auto nor"},
	})
	if got := value.Auto.Or(3); got != 3 {
		t.Errorf("Auto.Or(3): got %d, want 3", got)
	}
	if got := value.Count(2).Or(3); got != 2 {
		t.Errorf("Count(2).Or(3): got %d, want 2", got)
	}
}

func TestExitCodes(t *testing.T) {
	readAll[value.ExitCodes](t, []reading{
		{name: "one", text: "0", want: "0"},
		{name: "several with spaces", text: "0, 2 ,255", want: "0,2,255"},
		{name: "beyond a byte", text: "256", err: "0 to 255"},
		{name: "a negative number", text: "-1", err: "0 to 255"},
		{name: "a missing item", text: "0,,2", err: "0 to 255"},
		{name: "words", text: "zero", err: "0 to 255"},
	})
	codes := value.ExitCodes{0, 2}
	if !codes.Contains(2) || codes.Contains(1) {
		t.Errorf("%v: got Contains(2) %t and Contains(1) %t, want true and false", codes, codes.Contains(2), codes.Contains(1))
	}
}

func TestSignal(t *testing.T) {
	readAll[value.Signal](t, []reading{
		{name: "a short name", text: "TERM", want: "TERM"},
		{name: "a full name", text: "SIGQUIT", want: "QUIT"},
		{name: "a name in lower case", text: "sigint", want: "INT"},
		{name: "a number", text: "15", want: "TERM"},
		{name: "a real-time signal", text: "37", want: "37"},
		{name: "none", text: "0", err: "1 to 64"},
		{name: "beyond the last", text: "65", err: "1 to 64"},
		{name: "a negative number", text: "-9", err: "1 to 64"},
		{name: "an unknown name", text: "STOPPED", err: "not a signal"},
		{name: "the prefix alone", text: "SIG", err: "not a signal"},
	})
}

func TestReady(t *testing.T) {
	readAll[value.Ready](t, []reading{
		{name: "tcp", text: "tcp", want: "tcp"},
		{name: "none in capitals", text: "NONE", want: "none"},
		{name: "a path", text: "http:/healthz", want: "http:/healthz"},
		{name: "a path with a query and a colon", text: "http:/up?x=1:2", want: "http:/up?x=1:2"},
		{name: "http without a path", text: "http", err: "needs a path"},
		{name: "a path without its slash", text: "http:healthz", err: "needs a path"},
		{name: "a path with a space", text: "http:/a b", err: "%XX"},
		{name: "a path that would add a header", text: "http:/a\r\nX: y", err: "%XX"},
		{name: "tcp with something after it", text: "tcp:8000", err: "must be one of"},
		{name: "no such kind", text: "exec:/bin/true", err: "must be one of"},
	})
}

func TestUser(t *testing.T) {
	readAll[value.User](t, []reading{
		{name: "a name", text: "www-data", want: "www-data"},
		{name: "a uid", text: "1000", want: "1000"},
		{name: "a name and a group", text: "app:web_1", want: "app:web_1"},
		{name: "a uid and a gid", text: "65534:65534", want: "65534:65534"},
		{name: "a name that ends in a dollar", text: "host$", want: "host$"},
		{name: "no user", text: ":web", err: "not a user"},
		{name: "no group after the colon", text: "app:", err: "not a user"},
		{name: "two groups", text: "a:b:c", err: "not a user"},
		{name: "a space", text: "a b", err: "not a user"},
		{name: "an option", text: "-u", err: "not a user"},
		{name: "the uid that means no change", text: "4294967295", err: "not a user"},
		{name: "a uid that does not fit", text: "99999999999", err: "not a user"},
	})
	if user, group := value.User("app:web").Split(); user != "app" || group != "web" {
		t.Errorf("Split: got %q and %q, want app and web", user, group)
	}
	if user, group := value.User("app").Split(); user != "app" || group != "" {
		t.Errorf("Split: got %q and %q, want app and nothing", user, group)
	}
}

func TestLabel(t *testing.T) {
	readAll[value.Label](t, []reading{
		{name: "a name", text: "tornado", want: "tornado"},
		{name: "every kind of character", text: "Web_2.beta-1", want: "Web_2.beta-1"},
		{name: "a colon", text: "a:b", err: "letters"},
		{name: "a slash", text: "a/b", err: "letters"},
		{name: "an umlaut", text: "büro", err: "letters"},
		{name: "nothing", text: "", err: "letters"},
	})
}

func TestListen(t *testing.T) {
	readAll[value.Listen](t, []reading{
		{name: "every address", text: ":8080", want: ":8080"},
		{name: "a bare port", text: "8080", want: ":8080"},
		{name: "a star as nginx has it", text: "*:80", want: ":80"},
		{name: "IPv4", text: "127.0.0.1:80", want: "127.0.0.1:80"},
		{name: "IPv6", text: "[::]:80", want: "[::]:80"},
		{name: "IPv6 with a zone", text: "[fe80::1%eth0]:80", want: "[fe80::1%eth0]:80"},
		{name: "a unix socket", text: "unix:/run/web.sock", want: "unix:/run/web.sock"},
		{name: "several with spaces", text: ":80, [::1]:8080 ,unix:/run/w", want: ":80,[::1]:8080,unix:/run/w"},
		{name: "the same port on two addresses", text: "127.0.0.1:80,127.0.0.2:80", want: "127.0.0.1:80,127.0.0.2:80"},
		{name: "the same address twice", text: "8080,:8080", err: "names :8080 twice"},
		{name: "the same socket twice", text: "unix:/a,unix:/a", err: "names unix:/a twice"},
		{name: "port 0", text: ":0", err: "port from 1"},
		{name: "a port too high", text: ":65536", err: "port from 1"},
		{name: "no port", text: "127.0.0.1", err: "port from 1"},
		{name: "no port after the colon", text: "127.0.0.1:", err: "port from 1"},
		{name: "an empty item", text: ":80,", err: "port from 1"},
		{name: "IPv6 without brackets", text: "::1:80", err: "IPv6 in brackets"},
		{name: "IPv4 in brackets", text: "[127.0.0.1]:80", err: "IPv6 in brackets"},
		{name: "a host name", text: "localhost:80", err: "needs an IP address"},
		{name: "a relative socket path", text: "unix:web.sock", err: "absolute path"},
		{name: "a socket path that does not fit", text: "unix:/" + strings.Repeat("x", 107), err: "absolute path"},
	})
}

func TestDurationIsTimeDuration(t *testing.T) {
	var d value.Duration
	if err := d.UnmarshalText([]byte("0.001")); err != nil || time.Duration(d) != time.Millisecond {
		t.Errorf("0.001: got %v and error %v, want 1ms", time.Duration(d), err)
	}
}
