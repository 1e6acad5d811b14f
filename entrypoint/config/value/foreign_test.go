package value_test

import (
	"encoding"
	"testing"

	"percore/entrypoint/config/value"
)

// Users bring spellings from other programs. Those that mean the same here are taken, and none is taken for something else.

// spelling is a text of another program, and what it is here; empty is refused.
type spelling struct{ program, text, want string }

func readSpellings[T any, P interface {
	*T
	encoding.TextUnmarshaler
}](t *testing.T, cases []spelling) {
	t.Helper()
	var readings []reading
	for _, c := range cases {
		r := reading{name: c.program + ": " + c.text, text: c.text, want: c.want}
		if c.want == "" {
			r.err = " " // any sentence
		}
		readings = append(readings, r)
	}
	readAll[T, P](t, readings)
}

func TestDurationsOfOthers(t *testing.T) {
	readSpellings[value.Duration](t, []spelling{
		{"gunicorn", "30", "30s"},
		{"nginx", "30s", "30s"},
		{"nginx", "1h30m", "1h30m"},
		{"nginx", "500ms", "500ms"},
		{"nginx", "1m 30s", ""},
		{"nginx", "30d", ""},
		{"nginx", "1w", ""},
		{"HAProxy", "10m", "10m"},
		{"HAProxy", "1000us", "1ms"},
		{"systemd", "5min", ""},
		{"systemd", "2min 30s", ""},
		{"systemd", "infinity", ""},
		{"Docker", "1m30s", "1m30s"},
		{"Kubernetes", "10.5", "10.5s"},
		{"ISO 8601", "PT30S", ""},
		{"JavaScript, which would mean milliseconds", "30_000", ""},
	})
}

func TestSizesOfOthers(t *testing.T) {
	readSpellings[value.Size](t, []spelling{
		{"nginx", "1m", "1MB"},
		{"nginx", "8k", "8KB"},
		{"supervisord", "50MB", "50MB"},
		{"Docker", "512m", "512MB"},
		{"Docker", "2g", "2GB"},
		{"Kubernetes", "512Mi", ""},
		{"Kubernetes", "0.5Gi", ""},
		{"Linux", "4096 kB", "4MB"},
		{"dd", "1M", "1MB"},
		{"systemd", "1T", ""},
		{"a calculator", "1e6", ""},
		{"a calculator", "1,000", ""},
		{"a percentage", "10%", ""},
		{"unlimited", "-1", ""},
	})
}

func TestBooleansOfOthers(t *testing.T) {
	readSpellings[value.Bool](t, []spelling{
		{"nginx", "on", "true"},
		{"nginx", "off", "false"},
		{"supervisord", "True", "true"},
		{"systemd", "yes", "true"},
		{"a shell", "1", "true"},
		{"a shell", "0", "false"},
		{"Go", "t", ""},
		{"YAML", "y", ""},
		{"Kubernetes", "Enabled", ""},
		{"Docker", "always", ""},
		{"Python", "None", ""},
	})
}

func TestAddressesOfOthers(t *testing.T) {
	readSpellings[value.Listen](t, []spelling{
		{"nginx", "80", ":80"},
		{"nginx", "*:80", ":80"},
		{"nginx", "[::]:80", "[::]:80"},
		{"nginx", "unix:/run/web.sock", "unix:/run/web.sock"},
		{"nginx", "80 default_server", ""},
		{"gunicorn", "0.0.0.0:8000", "0.0.0.0:8000"},
		{"gunicorn", "unix:web.sock", ""},
		{"Puma", "tcp://0.0.0.0:9292", ""},
		{"Puma", "unix:///run/puma.sock", "unix:///run/puma.sock"},
		{"HAProxy", ":::80", ""},
		{"a browser", "http://127.0.0.1:8080", ""},
		{"Node", "localhost:3000", ""},
		{"a range", "8000-8003", ""},
	})
}

func TestSignalsOfOthers(t *testing.T) {
	readSpellings[value.Signal](t, []spelling{
		{"supervisord", "TERM", "TERM"},
		{"Docker", "SIGQUIT", "QUIT"},
		{"kill", "9", "KILL"},
		{"kill", "-9", ""},
		{"systemd", "SIGRTMIN+3", "37"},
		{"nginx", "quit", "QUIT"},
		{"System V", "SIGPOLL", ""},
		{"BSD", "INFO", ""},
		{"sentences", "SIG TERM", ""},
	})
}

func TestUsersOfOthers(t *testing.T) {
	readSpellings[value.User](t, []spelling{
		{"Docker", "1000:1000", "1000:1000"},
		{"Docker", "app", "app"},
		{"chown", "app:app", "app:app"},
		{"chown", "app.app", "app.app"},
		{"chown", ":app", ""},
		{"chown", "app:", ""},
		{"nginx", "www-data www-data", ""},
		{"Kubernetes", "65534", "65534"},
		{"Windows", `DOMAIN\app`, ""},
		{"LDAP", "app@example.org", ""},
		{"root", "0", "0"},
	})
}

func TestProxiesOfOthers(t *testing.T) {
	readSpellings[value.Proxies](t, []spelling{
		{"nginx", "192.168.1.0/24", "192.168.1.0/24"},
		{"nginx", "unix", "unix"},
		{"nginx", "unix:", ""},
		{"gunicorn", "127.0.0.1", "127.0.0.1/32"},
		{"gunicorn", "*", ""},
		{"Express", "loopback", ""},
		{"Caddy", "private_ranges", ""},
		{"HAProxy", "10.0.0.0/8,192.168.0.0/16", "10.0.0.0/8,192.168.0.0/16"},
		{"a netmask", "10.0.0.0/255.0.0.0", ""},
		{"an address with a port", "10.0.0.1:80", ""},
		{"IPv6 in brackets", "[::1]", ""},
	})
}

func TestCountsOfOthers(t *testing.T) {
	readSpellings[value.Count](t, []spelling{
		{"nginx", "auto", "auto"},
		{"gunicorn", "4", "4"},
		{"Node", "max", ""},
		{"Puma", "-1", ""},
		{"elastic", "2-8", ""},
		{"a formula", "2*4+1", ""},
		{"CPUs of Docker", "1.5", ""},
	})
}
