package hold

import (
	"path/filepath"
	"slices"
	"testing"

	"percore/e2e/program"
	"percore/e2e/rig"
)

// server is a way to run an application of testdata.
type server struct {
	name    string
	needs   []string // a command that succeeds where it is installed
	command []string // in testdata
	methods []string // that it has a body with
}

var (
	// strange is a list of methods with one that no standard has.
	strange = []string{"POST", "PUT", "PATCH", "DELETE", "BREW"}
	// known is without it: some servers refuse what they do not know.
	known = strange[:4]
)

var servers = []server{
	wsgi,
	{"Django", importing("gunicorn, django"), gunicorn("django_app"), strange},
	{"Tornado", importing("tornado"), []string{program.Python, "-B", "tornado_app.py", "{port}"}, strange},
	{"php -S", []string{"php", "--version"}, []string{
		"php", "-d", "post_max_size=100M", "-d", "upload_max_filesize=100M", "-d", "memory_limit=512M",
		"-S", "127.0.0.1:{port}", "app.php",
	}, known},
	{"Node", []string{"node", "--version"}, []string{"node", "app.js", "{port}"}, known},
}

// wsgi is an application by hand, behind gunicorn's sync worker: one request at a time, and no body without a length.
var wsgi = server{"WSGI", importing("gunicorn"), gunicorn("wsgi_app"), strange}

func importing(modules string) []string { return []string{program.Python, "-c", "import " + modules} }

// gunicorn waits for its workers without end: it is they who would have to wait for slow clients.
func gunicorn(module string) []string {
	return []string{
		program.Python, "-B", "-m", "gunicorn", "--bind", "127.0.0.1:{port}", "--worker-class", "sync", "--workers", "1",
		"--timeout", "0", "--worker-tmp-dir", "/dev/shm", "--log-level", "warning", module + ":application",
	}
}

// need skips the test where the server is not installed.
func (s server) need(t *testing.T) {
	t.Helper()
	rig.Need(t, s.name, s.needs...)
}

// words are percore's arguments.
func (s server) words(t *testing.T) []string {
	t.Helper()
	dir, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat([]string{"--", "env", "--chdir=" + dir}, s.command)
}
