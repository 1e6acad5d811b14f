package suggest_test

import (
	"regexp"
	"testing"

	"percore/entrypoint/config"
	"percore/entrypoint/config/suggest"
)

// What is built is nothing of a later version any more, and what is recommended has to exist.
func TestAdviceIsUpToDate(t *testing.T) {
	known := map[string]bool{}
	for _, v := range config.Reference() {
		known[v.Name] = true
	}
	for _, a := range suggest.AllAdvice() {
		for _, name := range a.Names {
			if known["PERCORE_"+name] && name != "WEB_CONCURRENCY" {
				t.Errorf("%s is a variable by now: take it out of advice.go", name)
			}
		}
		for _, name := range regexp.MustCompile(`PERCORE_[A-Z_]+`).FindAllString(a.Mend, -1) {
			if !known[name] {
				t.Errorf("%q recommends %s, which is no variable", a.Mend, name)
			}
		}
	}
}

func TestAdviceOn(t *testing.T) {
	const later, not = "belongs to a later version of percore", "is not a variable of percore"
	for _, c := range []struct{ name, what, mend string }{
		{"TLS_LISTEN", later, "until then a proxy in front can do it; name it in PERCORE_TRUSTED_PROXIES"},
		{"HTTP2", later, "until then a proxy in front can do it; name it in PERCORE_TRUSTED_PROXIES"},
		{"HTTP2_MAX_CONCURRENT_STREAMS", later, "until then a proxy in front can do it; name it in PERCORE_TRUSTED_PROXIES"},
		{"STATIC", later, "until then the worker can do it, or a proxy in front"},
		{"GZIP_TYPES", later, "until then the worker can do it, or a proxy in front"},
		{"ADMIN_TOKEN", later, "until then use `percore status --json` and `percore healthcheck`"},
		{"STICKY", later, "until then PERCORE_BALANCE=ip_hash keeps a client at its worker"},
		{"TIMEOUT", not, "use PERCORE_PROXY_READ_TIMEOUT, how long a worker may be silent"},
		{"GRACEFUL_TIMEOUT", not, "use PERCORE_STOP_TIMEOUT"},
		{"LOG_LEVEL", not, "use PERCORE_LOGLEVEL"},
		{"CHDIR", not, "use PERCORE_DIRECTORY"},
		{"NUMPROCS", not, "use PERCORE_WORKERS"},
		{"CMD", not, "use PERCORE_COMMAND"},
	} {
		what, mend, found := suggest.AdviceOn(c.name)
		if !found || what != c.what || mend != c.mend {
			t.Errorf("%s: got %q and %q (%t), want %q and %q", c.name, what, mend, found, c.what, c.mend)
		}
	}
	for _, name := range []string{"", "WORKERS", "TLS", "STICKY_COOKIE", "TIMEOUTS", "tls_listen"} {
		if what, mend, found := suggest.AdviceOn(name); found {
			t.Errorf("%s: got %q and %q, want nothing", name, what, mend)
		}
	}
}

func TestLaterValue(t *testing.T) {
	for _, c := range []struct{ variable, value, want string }{
		{"PERCORE_MODE", "tcp", "tcp belongs to a later version of percore"},
		{"PERCORE_MODE", "Direct", "direct belongs to a later version of percore"},
		{"PERCORE_MODE", "dance", ""},
		{"PERCORE_WORKERS", "2-8", "a range belongs to a later version of percore; until then `percore scale` changes the number"},
		{"PERCORE_WORKERS", "auto-8", "a range belongs to a later version of percore; until then `percore scale` changes the number"},
		{"PERCORE_WORKERS", "many", ""},
		{"PERCORE_LISTEN", "OFF", "off belongs to a later version of percore; until then PERCORE_MODE=none has no listener"},
		{"PERCORE_LISTEN", ":80", ""},
		{"PERCORE_NAME", "off", ""},
	} {
		if got := suggest.LaterValue(c.variable, c.value); got != c.want {
			t.Errorf("%s=%s: got %q, want %q", c.variable, c.value, got, c.want)
		}
	}
}

// Two rows with one name would hide each other's advice.
func TestNoNameIsAdvisedOnTwice(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range suggest.AllAdvice() {
		for _, name := range a.Names {
			if seen[name] {
				t.Errorf("%s is there twice", name)
			}
			seen[name] = true
		}
	}
}
