package config_test

import (
	"testing"

	"percore/entrypoint/config"
)

func TestWorkersAreCalledWhatAPersonWouldCallThem(t *testing.T) {
	tests := []struct {
		command []string
		want    string
	}{
		{[]string{"./server"}, "server"},
		{[]string{"/usr/bin/gunicorn", "app:app"}, "gunicorn"},
		{[]string{"python3", "main.py", "--port=1"}, "main"},
		{[]string{"/usr/bin/python3.11", "-B", "-u", "/srv/app.py"}, "app"},
		{[]string{"python3", "-X", "dev", "-W", "error", "app.py"}, "app"},
		{[]string{"python3", "-m", "uvicorn", "app:app"}, "uvicorn"},
		{[]string{"python3", "-Bm", "http.server"}, "http.server"},
		{[]string{"python3", "-c", "print(1)"}, "python3"},
		{[]string{"python3"}, "python3"},
		{[]string{"node", "--max-old-space-size=200", "-r", "./tracing.js", "server.mjs"}, "server"},
		{[]string{"ruby", "-I", "lib", "web.rb"}, "web"},
		{[]string{"php", "-S", "127.0.0.1:8000", "router.php"}, "router"},
		{[]string{"php", "-S", "127.0.0.1:8000"}, "php"},
		{[]string{"java", "-Xmx200m", "-jar", "/srv/shop.jar"}, "shop"},
		{[]string{"env", "A=1", "python3", "main.py"}, "main"},
		{[]string{"bundle", "exec", "puma", "-p", "8000"}, "puma"},
		{[]string{"uv", "run", "app.py"}, "app"},
		{[]string{"bash", "start.sh"}, "start"},
		{[]string{"sh", "-c", "exec python3 main.py"}, "main"},
		{[]string{"sh", "-ec", "cd /srv && A=1 exec node server.js"}, "server"},
		{[]string{"sh", "-c", "migrate; ./web --port=$PORT"}, "web"},
		{[]string{"sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1; done"}, "sh"},
		{[]string{"sh", "-c", "$APP --port=1"}, "sh"},
		{[]string{"sh", "-c", "exit 3"}, "sh"},
		{[]string{"sh", "-c"}, "sh"},
		{[]string{"sh", "-c", "it's broken"}, "sh"},
		{[]string{"bash"}, "bash"},
		{[]string{"env"}, "env"},
	}
	for _, test := range tests {
		cfg := mustLoad(t, someUID)
		cfg.UseArguments(test.command)
		if got := string(cfg.Name); got != test.want {
			t.Errorf("%q: got %s, want %s", test.command, got, test.want)
		}
		if cfg.Group != cfg.Name {
			t.Errorf("%q: got group %s, want the name, %s", test.command, cfg.Group, cfg.Name)
		}
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
