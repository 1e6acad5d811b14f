package commandline_test

import (
	"testing"

	"percore/entrypoint/config/commandline"
)

func TestTheProgramIsWhatAPersonWouldCallIt(t *testing.T) {
	tests := []struct {
		command []string
		want    string
	}{
		{[]string{"./server"}, "./server"},
		{[]string{"/usr/bin/gunicorn", "app:app"}, "/usr/bin/gunicorn"},
		{[]string{"python3", "main.py", "--port=1"}, "main.py"},
		{[]string{"/usr/bin/python3.11", "-B", "-u", "/srv/app.py"}, "/srv/app.py"},
		{[]string{"python3", "-X", "dev", "-W", "error", "app.py"}, "app.py"},
		{[]string{"python3", "-m", "uvicorn", "app:app"}, "uvicorn"},
		{[]string{"python3", "-Bm", "http.server"}, "http.server"},
		{[]string{"python3", "-c", "print(1)"}, "python3"},
		{[]string{"python3"}, "python3"},
		{[]string{"node", "--max-old-space-size=200", "-r", "./tracing.js", "server.mjs"}, "server.mjs"},
		{[]string{"ruby", "-I", "lib", "web.rb"}, "web.rb"},
		{[]string{"php", "-S", "127.0.0.1:8000", "router.php"}, "router.php"},
		{[]string{"php", "-S", "127.0.0.1:8000"}, "php"},
		{[]string{"java", "-Xmx200m", "-jar", "/srv/shop.jar"}, "/srv/shop.jar"},
		{[]string{"env", "A=1", "python3", "main.py"}, "main.py"},
		{[]string{"bundle", "exec", "puma", "-p", "8000"}, "puma"},
		{[]string{"uv", "run", "app.py"}, "app.py"},
		{[]string{"bash", "start.sh"}, "start.sh"},
		{[]string{"sh", "-c", "exec python3 main.py"}, "main.py"},
		{[]string{"sh", "-ec", "cd /srv && A=1 exec node server.js"}, "server.js"},
		{[]string{"sh", "-c", "migrate; ./web --port=$PORT"}, "./web"},
		{[]string{"sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1; done"}, "sh"},
		{[]string{"sh", "-c", "$APP --port=1"}, "sh"},
		{[]string{"sh", "-c", "exit 3"}, "sh"},
		{[]string{"sh", "-c"}, "sh"},
		{[]string{"sh", "-c", "it's broken"}, "sh"},
		{[]string{"bash"}, "bash"},
		{[]string{"env"}, "env"},
	}
	for _, test := range tests {
		if got := commandline.Program(test.command); got != test.want {
			t.Errorf("%q: got %s, want %s", test.command, got, test.want)
		}
	}
}
